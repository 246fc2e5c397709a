import { SettingsError } from '../settings';
import { denoiserBench } from './bench_denoiser';
import { exemplarsBench } from './bench_exemplars';
import { fieldBench } from './bench_field';
import { fitsBench } from './bench_fits';
import { memoryBench } from './bench_memory';
import { priorBench } from './bench_prior';
import { startBench } from './bench_start';
import { type Flags, helpRow, helpRows, namesOf, type Parsed, parseFlags } from './flags';

interface Bench {
  /** What it measures, line by line. */
  readonly about: readonly string[];
  /** What it is given beside flags, several of them; nothing unless said. */
  readonly subjects?: string;
  readonly flags: Flags;
  readonly run: (parsed: Parsed, json: boolean) => Promise<void>;
}

const benches: Readonly<Record<string, Bench>> = {
  field: fieldBench,
  memory: memoryBench,
  denoiser: denoiserBench,
  fits: fitsBench,
  prior: priorBench,
  exemplars: exemplarsBench,
  start: startBench,
};

const jsonFlag: Flags = { json: { text: 'print figures for programs' } };

/** `bench`: what the parts are good for, in figures; the first argument says which part. */
export async function bench([name = '', ...args]: readonly string[]): Promise<void> {
  const chosen = benches[name];
  if (!chosen) {
    const known = Object.keys(benches).join(', ');
    throw new SettingsError(`Unknown bench '${name}'.`, `Try npm run bench -- ${known} [--help].`);
  }
  const { names, switches } = namesOf({ ...chosen.flags, ...jsonFlag });
  const several = chosen.subjects !== undefined;
  const parsed = parseFlags(args, names, { several, switches });
  if (parsed.help) {
    process.stdout.write(`${helpText(name, chosen)}\n`);
    return;
  }
  if (parsed.prompt && !several) {
    throw new SettingsError(
      `'${parsed.prompt}' is too much.`,
      `See npm run bench -- ${name} --help.`,
    );
  }
  await chosen.run(parsed, parsed.has('json'));
}

const helpText = (name: string, { about, subjects, flags }: Bench): string =>
  [
    ...about,
    '',
    `Usage: npm run bench -- ${[name, subjects, '[--json]'].filter(Boolean).join(' ')}`,
    '',
    ...helpRows({ ...flags, ...jsonFlag }),
    helpRow('--help', 'this text'),
  ].join('\n');
