import { LimbeckError } from '../errors';
import { compare } from '../lab/line/divergence';
import { optima } from '../lab/line/fit';
import { mixtureText, parseMixture } from '../lab/line/mixture';
import { type Flags, helpRow, helpRows, namesOf, numberFlag, parseFlags } from './flags';

const flags: Flags = {
  p: { value: 'MIXTURE', text: 'the target, as in "N(-2, 0.5) + 2N(2, 0.8)"' },
  q: { value: 'MIXTURE', text: 'what is compared with it' },
  beta: { value: 'B', text: 'of JS_β, from 0 to 1 (default: 0.5)' },
  json: { text: 'the numbers as JSON' },
};

const usage = 'npm run lab -- divergence --p "N(-2, 0.5) + N(2, 0.8)" --q "N(0, 2)" --beta 0.1';

/** `lab`: the numbers of the lab's pages without a page. */
export async function lab(args: readonly string[]): Promise<void> {
  const { names, switches } = namesOf(flags);
  const parsed = parseFlags(args, names, { subject: 'experiment', switches });
  if (parsed.help) {
    process.stdout.write(`${helpText()}\n`);
    return;
  }
  if (parsed.prompt !== 'divergence') {
    const what = parsed.prompt === undefined ? 'none' : `'${parsed.prompt}'`;
    throw new LimbeckError(`There is no such experiment: ${what}.`, `Try ${usage}.`);
  }
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
  if (parsed.has('json')) {
    process.stdout.write(`${JSON.stringify({ ...numbers, optima: best }, null, 2)}\n`);
    return;
  }
  const digits = (value: number) => value.toPrecision(6);
  const lines = [
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
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** The text of `lab --help`. */
const helpText = (): string =>
  [
    'Divergences between mixtures of Gaussians on the line: the numbers of the lab.',
    '',
    `Usage: ${usage}`,
    '',
    'Options',
    ...helpRows(flags),
    helpRow('--help', 'this text'),
  ].join('\n');
