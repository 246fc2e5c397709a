import { LimbeckError } from '../errors';
import { objectFormats } from '../object/read_object';
import { fitObject, metricsLine } from './fit_object';
import { fitDefaults, fitEntries, fitFlags, fitOptions, upAxisOf } from './fit_options';
import { type Flags, helpRow, helpRows, parseFlags } from './flags';
import { say } from './machine';
import { openNodeGpu } from './node_gpu';
import { readObjectFile } from './object_file';
import { settingHelp } from './options';
import { Output } from './output';

const flags: Flags = {
  out: { value: 'DIR', text: 'folder for the results, made if missing (default: out)' },
  ...fitFlags,
};

/** `fit`: a field fitted to an object from known cameras, and how near it came. */
export async function fit(args: readonly string[]): Promise<void> {
  const names = [...Object.keys(flags), ...fitEntries.map(({ path }) => path)];
  const parsed = parseFlags(args, names, { subject: 'object' });
  if (parsed.help) {
    process.stdout.write(`${helpText()}\n`);
    return;
  }
  if (!parsed.prompt) {
    throw new LimbeckError('There is no object.', 'Name one: npm run fit -- OBJECT.glb --out DIR.');
  }
  const options = fitOptions(parsed, parsed.prompt);
  const output = await Output.open(parsed.get('out') ?? 'out');
  const object = await readObjectFile(options.file, upAxisOf(parsed));
  for (const note of object.notes) say(note);
  const gpu = await openNodeGpu(parsed.get('adapter') ?? '');
  const { files, metrics } = await fitObject(gpu, object, options, output);
  say(metricsLine(metrics));
  say(`${files.join(', ')}, turntable.png and run.json are in ${output.folder}`);
}

/** The text of `fit --help`. */
function helpText(): string {
  return [
    `Fits a radiance field to an object (${objectFormats}, with the files beside it) from known cameras.`,
    '',
    'Usage: npm run fit -- OBJECT.glb [--size 128] [--steps 1500] [--seed 0] [--out DIR]',
    '',
    'Writes mesh.glb (or another file, by --mesh.format), turntable.png (the object above, the field below)',
    'and run.json.',
    '',
    'Options',
    ...helpRows(flags),
    helpRow('--help', 'this text'),
    '',
    ...settingHelp(fitEntries, fitDefaults),
  ].join('\n');
}
