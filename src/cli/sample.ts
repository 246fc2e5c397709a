import { encodePng } from '../image/png_node';
import { viewsToImage } from '../image/strip';
import { samplingDefaults } from '../prior/sampler';
import { type SolverName, solverNames } from '../prior/solver';
import { defaults, SettingsError, validatePrompt } from '../settings';
import { exemplarChoice, exemplarFile, exemplarFlags, exemplarWords } from './exemplar_file';
import { helpRow, helpRows, namesOf, numberFlag, parseFlags } from './flags';
import { machineFlags, openEngine, parseMachine, say } from './machine';
import { Output } from './output';
import { ProgressLine } from './progress_line';

const flags = {
  out: { value: 'FILE', text: 'the picture to write (default: sheet.png)' },
  seed: { value: 'N', text: 'random seed (default: 0)' },
  steps: { value: 'N', text: `evaluations of the network (default: ${samplingDefaults.steps})` },
  solver: {
    value: 'NAME',
    text: `${solverNames.join(' or ')} (default: ${samplingDefaults.solver})`,
  },
  guidance: {
    value: 'S',
    text: 'scale of classifier-free guidance (default: the one in the manifest)',
  },
  interval: {
    value: 'LOW,HIGH',
    text: "timesteps with guidance (default: the manifest's, or all)",
  },
  ...exemplarFlags,
  rescale: { value: 'SHARE', text: 'how far guided colours get back their spread (default: 0)' },
  ...machineFlags,
};

/** The text of `sample --help`. */
const helpText = [
  "Draws the prior's own views of a prompt.",
  '',
  'Usage: npm run sample -- "a red chair" [--out sheet.png]',
  '',
  ...helpRows(flags),
  helpRow('--help', 'this text'),
].join('\n');

/** `sample`: what the prior draws by itself, the yardstick of what is distilled from it. */
export async function sample(args: readonly string[]): Promise<void> {
  const { names, switches } = namesOf(flags);
  const parsed = parseFlags(args, names, { switches });
  if (parsed.help) {
    process.stdout.write(`${helpText}\n`);
    return;
  }
  const prompt = parsed.prompt ?? '';
  validatePrompt(prompt);
  const steps = Math.round(numberFlag(parsed, 'steps', samplingDefaults.steps, 1, 1000));
  const seed = numberFlag(parsed, 'seed', 0, 0, 0xffffffff);
  const guidance = numberFlag(parsed, 'guidance', undefined, 0, 100);
  const interval = intervalOf(parsed.get('interval'));
  const choice = exemplarChoice(parsed);
  const exemplar = { ...defaults.exemplar, ...choice.settings.exemplar };
  const solver = solverOf(parsed.get('solver') ?? samplingDefaults.solver);
  const rescale = numberFlag(parsed, 'rescale', 0, 0, 1);
  const { output, name } = await Output.openFile(parsed.get('out') ?? 'sheet.png');
  const engine = await openEngine(parseMachine(parsed));
  const own = await exemplarFile(choice);
  if (own) await engine.exemplars.add(own);
  const { record, notes } = await engine.exemplars.chosen({ prompt, seed, exemplar });
  if (record) say(exemplarWords(record));
  for (const note of [...engine.notesOn(prompt), ...notes]) say(note);
  const options = {
    seed,
    steps,
    exemplar,
    solver,
    rescale,
    ...(guidance !== undefined && { guidance }),
    ...(interval && { interval }),
  };
  const bar = new ProgressLine(process.stderr, steps);
  let views: Float32Array = new Float32Array();
  for await (const estimate of engine.sample(prompt, options)) {
    bar.show(estimate.step, '');
    views = estimate.views;
  }
  const { views: count, resolution: size } = engine.manifest;
  await output.write(name, await encodePng(viewsToImage(views, { count, size })));
  say(`${name} is in ${output.folder}`);
  await engine.dispose();
}

/** @throws SettingsError for what is no interval of timesteps. */
function intervalOf(text: string | undefined): readonly [number, number] | undefined {
  if (text === undefined) return undefined;
  const [low, high, ...more] = text.split(',').map(Number);
  if (low! >= 0 && high! >= low! && more.length === 0) return [low!, high!];
  throw new SettingsError(
    `Option --interval takes two timesteps, not '${text}'.`,
    'Give the lower one first, as in 450,999.',
  );
}

/** @throws SettingsError for what is no solver. */
function solverOf(name: string): SolverName {
  const solver = solverNames.find((known) => known === name);
  if (solver) return solver;
  throw new SettingsError(`Unknown solver '${name}'.`, `Choose ${solverNames.join(' or ')}.`);
}
