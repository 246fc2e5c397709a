import { type CellOptions, type EvaluatedMethod, priorMethod } from '../../eval/cell';
import { samplingDefaults } from '../../prior/sampler';
import {
  defaults,
  methodIds,
  methods as methodTable,
  type PartialSettings,
  presetOf,
  presets,
  SettingsError,
  settingEntries,
} from '../../settings';
import {
  type Flags,
  helpRow,
  helpRows,
  namesOf,
  numberFlag,
  type Parsed,
  parseFlags,
} from '../flags';
import { judges } from '../judges';
import { type Machine, machineFlags, parseMachine } from '../machine';
import { givenSettings, settingHelp } from '../options';

/** What the command line of `evaluate` asks for: a grid, or a worker of others' grids. */
export interface EvaluateOptions {
  readonly help: boolean;
  readonly worker: boolean;
  /** Whether what the literature says is checked instead of a grid made. */
  readonly claims: boolean;
  /** Of a Redis; cells are made in this process where there is none. */
  readonly queue: string | undefined;
  /** Seconds without a sign of life after which a worker is thought dead. */
  readonly patience: number;
  readonly scorer: string;
  readonly machine: Machine;
  readonly grid: GridOptions;
}

export interface GridOptions {
  readonly prompts: string;
  readonly methods: readonly EvaluatedMethod[];
  readonly seeds: readonly number[];
  readonly out: string;
  /** Over each method's own. */
  readonly settings: readonly PartialSettings[];
  readonly sampleSteps: number | undefined;
  readonly draws: number;
}

/** What all cells of a grid are told. */
export const cellOptionsOf = ({ settings, sampleSteps, draws }: GridOptions): CellOptions => ({
  settings,
  draws,
  ...(sampleSteps !== undefined && { sampleSteps }),
});

const evaluatedMethods: readonly EvaluatedMethod[] = [...methodIds, priorMethod];

const flags: Flags = {
  prompts: {
    value: 'FILE',
    text: 'the prompts, one a line; `a kitten => a cat` is judged by the second',
  },
  methods: {
    value: 'NAMES',
    text: `methods, separated by commas: ${evaluatedMethods.join(', ')}; ${priorMethod} is the prior's own samples (default: all)`,
  },
  seeds: { value: 'N', text: 'seeds of each (default: 1)' },
  seed: { value: 'N', text: 'the first of them (default: 1)' },
  out: {
    value: 'DIR',
    text: 'folder for the results; a grid that it holds a part of goes on (default: out/evaluation)',
  },
  preset: { value: 'NAME', text: `settings to start from: ${Object.keys(presets).join(', ')}` },
  scorer: { value: 'DIR', text: 'the network that judges (default: the one that ships)' },
  draws: {
    value: 'N',
    text: 'draws of noise at each of five places along a run, by which the variance of the gradient is measured; 0: none (default: 4)',
  },
  claims: {
    text: 'check what the literature says of score distillation: gradients at one place, and methods that differ in one respect',
  },
  'sample-steps': {
    value: 'N',
    text: `evaluations of the network for a sample of ${priorMethod} (default: ${samplingDefaults.steps})`,
  },
  queue: {
    value: 'URL',
    text: 'hand the objects to workers, through the Redis at redis://HOST:PORT',
  },
  worker: { text: 'make objects of the grids that others hand to the queue' },
  patience: {
    value: 'S',
    text: 'of a worker: seconds without a sign of life after which another one is thought dead (default: 60)',
  },
  ...machineFlags,
};

/** Settings that are flags of their own name. */
const entries = settingEntries.filter(({ path }) => !['prompt', 'method', 'seed'].includes(path));

/** What only a grid has: a worker is told it by those whose grids it makes. */
const ofGrids = [
  'prompts',
  'methods',
  'seeds',
  'seed',
  'out',
  'preset',
  'draws',
  'sample-steps',
  'model',
];

/** @throws SettingsError for an unknown option, values that do not fit, or options that contradict each other. */
export function parseEvaluateOptions(args: readonly string[]): EvaluateOptions {
  const { names, switches } = namesOf(flags);
  const all = [...names, ...entries.map(({ path }) => path)];
  const parsed = parseFlags(args, all, { switches, subject: 'argument' });
  if (parsed.prompt !== undefined) {
    throw new SettingsError(
      `'${parsed.prompt}' is no option.`,
      'Put prompts into a file and give it with --prompts.',
    );
  }
  const worker = parsed.has('worker');
  const claims = parsed.has('claims');
  const queue = queueOf(parsed.get('queue'));
  if (!parsed.help) contradictions(parsed, worker, queue);
  return {
    help: parsed.help,
    worker,
    claims,
    queue,
    patience: numberFlag(parsed, 'patience', 60, 1, 3600),
    scorer: parsed.get('scorer') ?? judges.scorer,
    machine: parseMachine(parsed),
    grid: {
      prompts: parsed.get('prompts') ?? '',
      methods: methodsOf(parsed.get('methods')),
      seeds: seedsOf(parsed),
      out: parsed.get('out') ?? 'out/evaluation',
      settings: [presetOf(parsed.get('preset') ?? 'default'), givenSettings(parsed, entries)],
      sampleSteps: wholeFlag(parsed, 'sample-steps', undefined, 1, 1000),
      draws: wholeFlag(parsed, 'draws', 4, 0, 100),
    },
  };
}

function contradictions(parsed: Parsed, worker: boolean, queue: string | undefined): void {
  const grid = [...ofGrids, ...entries.map(({ path }) => path)];
  const superfluous = grid.find((name) => parsed.get(name) !== undefined);
  if (worker && superfluous) {
    throw new SettingsError(
      `--worker and --${superfluous} contradict each other: whoever starts a grid says what is made.`,
      `Leave --${superfluous} out, or give it where the grid is started.`,
    );
  }
  if (worker && !queue) {
    throw new SettingsError('--worker needs a queue.', 'Give --queue redis://HOST:PORT.');
  }
  if (!worker && parsed.get('prompts') === undefined) {
    throw new SettingsError('There are no prompts.', 'Give a file with --prompts FILE.');
  }
  const unclaimed = ['methods', 'queue', 'worker'].find(
    (name) => parsed.has(name) || parsed.get(name) !== undefined,
  );
  if (parsed.has('claims') && unclaimed) {
    throw new SettingsError(
      `--claims and --${unclaimed} contradict each other: claims name their methods, and are checked here.`,
      `Leave --${unclaimed} out.`,
    );
  }
  if (parsed.has('claims') && wholeFlag(parsed, 'draws', 4, 0, 100) < 2) {
    throw new SettingsError('A variance takes two draws of noise.', 'Give --draws 2 or more.');
  }
  if (!worker && parsed.get('patience') !== undefined) {
    throw new SettingsError("--patience is a worker's.", 'Give it with --worker.');
  }
}

/** @throws SettingsError when it is no address of a Redis. */
function queueOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (URL.canParse(text)) {
    const { protocol, hostname } = new URL(text);
    if (['redis:', 'rediss:'].includes(protocol) && hostname !== '') return text;
  }
  throw new SettingsError(
    `'${text}' is not the address of a Redis.`,
    'Give one such as redis://localhost:6379.',
  );
}

function methodsOf(text: string | undefined): EvaluatedMethod[] {
  if (text === undefined) return [...evaluatedMethods];
  const names = [...new Set(text.split(',').map((name) => name.trim()))];
  return names.map((name) => {
    const found = evaluatedMethods.find((method) => method === name);
    if (found) return found;
    throw new SettingsError(
      `Unknown method '${name}'.`,
      `Choose among ${evaluatedMethods.join(', ')}.`,
    );
  });
}

function seedsOf(parsed: Parsed): number[] {
  const count = wholeFlag(parsed, 'seeds', 1, 1, 100);
  const first = wholeFlag(parsed, 'seed', 1, 0, 0xffff_ff00);
  return Array.from({ length: count }, (_, i) => first + i);
}

/** @throws SettingsError when the flag holds no whole number in the range. */
function wholeFlag<F extends number | undefined>(
  parsed: Parsed,
  name: string,
  fallback: F,
  low: number,
  high: number,
): number | F {
  const value = numberFlag(parsed, name, fallback, low, high);
  if (value === undefined || Number.isInteger(value)) return value;
  throw new SettingsError(`Option --${name} takes a whole number, not '${value}'.`, 'Correct it.');
}

/** The text of `evaluate --help`. */
export function evaluateHelp(): string {
  return [
    'Makes an object of every prompt by every method and seed, measures them, and writes a report.',
    '',
    'Usage: npm run evaluate -- --prompts models/prompts.txt --methods sds,prior --out DIR',
    '       npm run evaluate -- --claims --prompts models/prompts.txt --generator pixels --out DIR',
    '       npm run evaluate -- --worker --queue redis://HOST:PORT',
    '',
    'Writes report.json, report.html and a folder for each object. Stopped, it goes on by the same line.',
    '',
    'Options',
    ...helpRows(flags),
    helpRow('--help', 'this text'),
    '',
    'Methods',
    ...methodTable.map(({ id, summary }) => helpRow(id, summary)),
    helpRow(priorMethod, "No distillation: the prior's own samples, measured as the others are."),
    '',
    ...settingHelp(entries, defaults),
  ].join('\n');
}
