import { SettingsError } from '../settings';
import { denoiserBench } from './bench_denoiser';
import { fieldBench } from './bench_field';
import { memoryBench } from './bench_memory';
import { priorBench } from './bench_prior';
import { type Flags, helpRow, helpRows, type Parsed, parseFlags } from './flags';

interface Bench {
  /** What it measures, line by line. */
  readonly about: readonly string[];
  readonly flags: Flags;
  readonly run: (parsed: Parsed, json: boolean) => Promise<void>;
}

const benches: Readonly<Record<string, Bench>> = {
  field: fieldBench,
  memory: memoryBench,
  denoiser: denoiserBench,
  prior: priorBench,
};

/** `bench`: what the parts are good for, in figures; the first argument says which part. */
export async function bench([name = '', ...args]: readonly string[]): Promise<void> {
  const chosen = benches[name];
  if (!chosen) {
    const known = Object.keys(benches).join(', ');
    throw new SettingsError(`Unknown bench '${name}': npm run bench -- ${known} [--help].`);
  }
  const parsed = parseFlags(
    args.filter((argument) => argument !== '--json'),
    Object.keys(chosen.flags),
  );
  if (parsed.help) {
    process.stdout.write(`${helpText(name, chosen)}\n`);
    return;
  }
  if (parsed.prompt) {
    throw new SettingsError(`'${parsed.prompt}' is too much: npm run bench -- ${name} --help.`);
  }
  await chosen.run(parsed, args.includes('--json'));
}

const helpText = (name: string, { about, flags }: Bench): string =>
  [
    ...about,
    '',
    `Usage: npm run bench -- ${name} [--json]`,
    '',
    ...helpRows(flags),
    helpRow('--json', 'print figures for programs'),
    helpRow('--help', 'this text'),
  ].join('\n');
