import { LimbeckError } from '../errors';
import { compare } from '../lab/line/divergence';
import { optima } from '../lab/line/fit';
import { mixtureText, parseMixture } from '../lab/line/mixture';
import { contest, contestants, spread } from '../lab/plane/coverage';
import { planeSettings } from '../lab/plane/settings';
import { type TargetId, targetIds } from '../lab/plane/targets';
import { complete, entriesOf, fromText } from '../schema';
import {
  type Flags,
  helpRow,
  helpRows,
  namesOf,
  numberFlag,
  type Parsed,
  parseFlags,
} from './flags';

const flags: Flags = {
  p: { value: 'MIXTURE', text: 'divergence: the target, as in "N(-2, 0.5) + 2N(2, 0.8)"' },
  q: { value: 'MIXTURE', text: 'divergence: what is compared with it' },
  beta: { value: 'B', text: 'divergence: of JS_β, from 0 to 1 (default: 0.5)' },
  seeds: { value: 'N', text: 'coverage: how many seeds, from 1 on (default: 10)' },
  steps: { value: 'N', text: 'coverage: steps of each fit (default: 600)' },
  json: { text: 'the numbers as JSON' },
};

/** Settings of the plane that an experiment takes; the seed is counted, not given. */
const planeEntries = entriesOf(planeSettings).filter(({ path }) => path !== 'seed');

const usage = 'npm run lab -- divergence --p "N(-2, 0.5) + N(2, 0.8)" --q "N(0, 2)" --beta 0.1';

const experiments: Readonly<Record<string, (parsed: Parsed) => void>> = { divergence, coverage };

/** `lab`: the numbers of the lab's pages without a page. */
export async function lab(args: readonly string[]): Promise<void> {
  const { names, switches } = namesOf(flags);
  const known = [...names, ...planeEntries.map(({ path }) => path)];
  const parsed = parseFlags(args, known, { subject: 'experiment', switches });
  if (parsed.help) {
    process.stdout.write(`${helpText()}\n`);
    return;
  }
  const name = parsed.prompt ?? '';
  const experiment = Object.hasOwn(experiments, name) ? experiments[name] : undefined;
  if (!experiment) {
    const message = name === '' ? 'There is no experiment.' : `Unknown experiment '${name}'.`;
    throw new LimbeckError(message, `Try ${usage}.`);
  }
  experiment(parsed);
}

function say(parsed: Parsed, numbers: unknown, lines: readonly string[]): void {
  const text = parsed.has('json') ? JSON.stringify(numbers, null, 2) : lines.join('\n');
  process.stdout.write(`${text}\n`);
}

function divergence(parsed: Parsed): void {
  const given = (name: 'p' | 'q') => {
    const text = parsed.get(name);
    if (text === undefined) throw new LimbeckError(`--${name} is missing.`, `Try ${usage}.`);
    return parseMixture(text, `--${name}`);
  };
  const [p, q] = [given('p'), given('q')];
  const beta = numberFlag(parsed, 'beta', 0.5, 0, 1);
  const numbers = compare(p, q, beta);
  const best = {
    forward: optima({ kind: 'forward' }, p),
    reverse: optima({ kind: 'reverse' }, p),
    js: optima({ kind: 'js', beta }, p),
  };
  const digits = (value: number) => value.toPrecision(6);
  say(parsed, { ...numbers, optima: best }, [
    `KL(p ‖ q)       ${digits(numbers.forward)}`,
    `KL(q ‖ p)       ${digits(numbers.reverse)}`,
    `JS_β            ${digits(numbers.js)}`,
    `JS_β / β        ${digits(numbers.jsOverBeta)}`,
    `JS_β / (1 - β)  ${digits(numbers.jsOverRest)}`,
    'Best single Gaussians',
    ...Object.entries(best).map(([name, [first]]) => {
      const { mean, deviation, value } = first!;
      const shown = mixtureText([{ mean, deviation, weight: 1 }]);
      return `  ${name.padEnd(13)} ${shown}, at ${digits(value)}`;
    }),
  ]);
}

function coverage(parsed: Parsed): void {
  const given = planeEntries.flatMap((entry) => {
    const text = parsed.get(entry.path);
    return text === undefined ? [] : [[entry.path, fromText(entry, text)] as const];
  });
  const settings = complete(planeSettings, Object.fromEntries(given));
  const { target } = settings;
  if (!targetIds.some((id) => id === target)) {
    throw new LimbeckError(
      'A target of your own needs the page.',
      `Choose one of ${targetIds.join(', ')}.`,
    );
  }
  const seeds = numberFlag(parsed, 'seeds', 10, 1, 1000);
  const steps = numberFlag(parsed, 'steps', 600, 1, 100_000);
  const rows = contestants.map((who) => {
    const outcomes = Array.from({ length: Math.floor(seeds) }, (_, i) =>
      contest(who, target as TargetId, { ...settings, seed: i + 1 }, Math.floor(steps)),
    );
    const of = (name: 'covered' | 'atModes' | 'kl') => spread(outcomes.map((one) => one[name]));
    return { method: who, covered: of('covered'), atModes: of('atModes'), kl: of('kl') };
  });
  const shown = ({ mean, deviation }: { mean: number; deviation: number }) =>
    `${mean.toFixed(2)} ± ${deviation.toFixed(2)}`;
  say(parsed, { target, seeds, steps, rows }, [
    '| Method | Modes covered | Samples at a mode | KL(q ‖ p) |',
    '|---|---|---|---|',
    ...rows.map(
      ({ method, covered, atModes, kl }) =>
        `| ${method} | ${shown(covered)} | ${shown(atModes)} | ${shown(kl)} |`,
    ),
  ]);
}

/** The text of `lab --help`. */
const helpText = (): string =>
  [
    'The lab without its page.',
    '',
    `Usage: ${usage}`,
    '       npm run lab -- coverage --target ring --seeds 10 --steps 600',
    '',
    'divergence compares two mixtures of Gaussians on the line; coverage counts the modes of a target on the',
    'plane that each method finds.',
    '',
    'Options',
    ...helpRows(flags),
    helpRow('--help', 'this text'),
    '',
    'Settings of the plane',
    ...planeEntries.map(({ path, help, control }) =>
      helpRow(`--${path} ${control.kind === 'boolean' ? 'true|false' : 'X'}`, help),
    ),
  ].join('\n');
