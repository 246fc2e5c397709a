import { basename } from 'node:path';
import { fileSource } from '../prior/exemplars/source';
import { type ShadingMode, shadingModes } from '../render/shading_mode';
import {
  byGroup,
  defaults,
  type Entry,
  fromText,
  makeSettings,
  methodOf,
  methods,
  type PartialSettings,
  presetOf,
  presets,
  type Settings,
  SettingsError,
  settingEntries,
  settingsFrom,
  settingValues,
  toText,
} from '../settings';
import { type ExemplarChoice, exemplarChoice, exemplarFlags } from './exemplar_file';
import {
  type Flags,
  helpRow,
  helpRows,
  namesOf,
  numberFlag,
  type Parsed,
  parseFlags,
} from './flags';
import { judges } from './judges';
import { type Machine, machineFlags, parseMachine } from './machine';

/** What the command line of `generate` asks for. */
export interface Options {
  readonly help: boolean;
  readonly settings: Settings;
  readonly preset: string;
  readonly out: string;
  /** What turntable.png shows. */
  readonly shading: ShadingMode;
  /** What every so many steps saw is written; 0 for none. */
  readonly watch: number;
  readonly exemplar: ExemplarChoice;
  /** The object to start from. */
  readonly start: string | undefined;
  /** Seeds of which the reward chooses one; 1 for the one that was asked for. */
  readonly bestOf: number;
  /** The network that says what a good object is: one that ships, or a folder. */
  readonly reward: string;
  readonly machine: Machine;
}

/** Flags that are not settings. */
const flags: Flags = {
  preset: { value: 'NAME', text: `settings to start from: ${Object.keys(presets).join(', ')}` },
  out: { value: 'DIR', text: 'folder for the results, made if missing (default: out)' },
  negative: { value: 'TEXT', text: 'what the object should not be; short for --guidance.negative' },
  ...exemplarFlags,
  start: { value: 'FILE', text: 'an object of your own that the run starts from' },
  textbook: { text: "the equation and the constants of the method's paper, nothing added" },
  shading: { value: 'NAME', text: `what turntable.png shows: ${shadingModes.join(', ')}` },
  watch: { value: 'N', text: 'write what every Nth step saw into the folder watch' },
  'best-of': {
    value: 'N',
    text: 'make N objects, the seed being the first of theirs, and keep the one that the reward finds best (default: 1)',
  },
  reward: {
    value: 'DIR',
    text: 'the network whose opinion --best-of takes and a reward climbs (default: the one that ships)',
  },
  resume: { value: 'FILE', text: 'go on from a field.safetensors, with its settings' },
  ...machineFlags,
};

/** Settings that are flags of their own name. */
const entries = settingEntries.filter(({ path }) => path !== 'prompt');

const { names, switches } = namesOf(flags);

const parse = (args: readonly string[]) =>
  parseFlags(args, [...names, ...entries.map(({ path }) => path)], { switches });

/** The file that `--resume` names, before anything else is read. */
export const resumeFile = (args: readonly string[]): string | undefined =>
  parse(args).get('resume');

/**
 * Reads the arguments after `generate`.
 * @param resumed settings of the checkpoint to go on from.
 * @throws SettingsError for an unknown option, a missing prompt, or a value that does not fit.
 */
export function parseOptions(args: readonly string[], resumed: PartialSettings = {}): Options {
  const parsed = parse(args);
  const preset = parsed.get('preset') ?? 'default';
  const prompt = parsed.prompt ?? resumed.prompt ?? '';
  const negative = parsed.get('negative');
  const exemplar = exemplarChoice(parsed);
  const start = parsed.get('start');
  const method = parsed.get('method') ?? resumed.method ?? defaults.method;
  const given: PartialSettings[] = [
    presetOf(preset),
    resumed,
    ...(parsed.has('textbook') ? [methodOf(method).textbook] : []),
    ...(negative === undefined ? [] : [{ guidance: { negative } }]),
    exemplar.settings,
    ...(start === undefined ? [] : [{ start: { source: fileSource(basename(start)) } }]),
    givenSettings(parsed, entries),
    { prompt },
  ];
  return {
    help: parsed.help,
    settings: parsed.help ? defaults : makeSettings(...given),
    preset,
    out: parsed.get('out') ?? 'out',
    exemplar,
    start,
    shading: shadingOf(parsed.get('shading') ?? shadingModes[0]),
    watch: watchOf(parsed.get('watch')),
    bestOf: bestOfOf(parsed),
    reward: parsed.get('reward') ?? judges.reward,
    machine: parseMachine(parsed),
  };
}

function watchOf(text: string | undefined): number {
  const every = Number(text ?? 0);
  if (Number.isInteger(every) && every >= 0) return every;
  throw new SettingsError(
    `--watch takes a whole number of steps, not '${text}'.`,
    'Give one, for example 25.',
  );
}

/** @throws SettingsError for no whole number, or together with what is of one run alone. */
function bestOfOf(parsed: Parsed): number {
  const count = numberFlag(parsed, 'best-of', 1, 1, 100);
  if (!Number.isInteger(count)) {
    throw new SettingsError(`--best-of takes a whole number, not '${count}'.`, 'Correct it.');
  }
  const single = ['resume', 'watch'].find((name) => parsed.get(name) !== undefined);
  if (count > 1 && single) {
    throw new SettingsError(
      `--best-of and --${single} contradict each other: the one makes several runs, the other is about one.`,
      'Leave one of them out.',
    );
  }
  const pictures = parsed.get('generator') !== undefined && parsed.get('generator') !== 'field';
  if (count > 1 && pictures) {
    throw new SettingsError(
      '--best-of chooses among objects, and free pictures are none.',
      'Leave --best-of out, or take --generator field.',
    );
  }
  return count;
}

function shadingOf(name: string): ShadingMode {
  const mode = shadingModes.find((known) => known === name);
  if (mode) return mode;
  throw new SettingsError(
    `Unknown shading '${name}'.`,
    `Choose one of ${shadingModes.join(', ')}.`,
  );
}

/** The settings that flags name; `makeSettings` checks their values. */
export const givenSettings = (parsed: Parsed, entries: readonly Entry[]): PartialSettings =>
  settingsFrom(
    entries.flatMap((entry) => {
      const text = parsed.get(entry.path);
      return text === undefined ? [] : [[entry.path, fromText(entry, text)] as const];
    }),
  );

/** Settings as flags, their words with the values that they have in `base`. */
export function settingFlags(entries: readonly Entry[], base: Settings): Flags {
  const values = new Map(settingValues(base));
  return Object.fromEntries(
    entries.map(({ path, control, help }) => {
      const value = toText(values.get(path));
      const bounds = [control.range, value && `default: ${value}`].filter(Boolean).join('; ');
      const text = bounds ? `${help} (${bounds})` : help;
      return [path, { value: valueWords[control.kind], text }];
    }),
  );
}

const valueWords = {
  integer: 'N',
  number: 'N',
  schedule: 'N|[…]',
  choice: 'NAME',
  boolean: 'BOOL',
  text: 'TEXT',
} as const satisfies Record<Entry['control']['kind'], string>;

/** The text of `generate --help`. */
export function helpText(): string {
  const common = entries.filter(({ group }) => group === '');
  const others = entries.filter(({ group }) => group !== '');
  return [
    'Distils a 3D object from a prompt.',
    '',
    'Usage: npm run generate -- "a pine tree" [--method vsd] [--seed 7] [--out DIR]',
    '',
    'Writes mesh.glb (or another file, by --mesh.format: OBJ, PLY, STL, 3MF, USDZ), turntable.png,',
    'field.safetensors (checkpoint) and run.json.',
    '',
    'Options',
    ...helpRows(settingFlags(common, defaults)),
    ...helpRows(flags),
    helpRow('--help', 'this text'),
    '',
    'Methods',
    ...methods.map(({ id, summary }) => helpRow(id, summary)),
    '',
    ...settingHelp(others, defaults),
  ].join('\n');
}

/** Lines of --help about settings, by group. */
export function settingHelp(entries: readonly Entry[], base: Settings): string[] {
  return [
    'Settings; a schedule is [start, v0, v1, end]: v0 until start, then linearly to v1 at end, both shares of the run',
    ...byGroup(entries).flatMap(([group, members]) => [
      '',
      ...(group ? [group] : []),
      ...helpRows(settingFlags(members, base)),
    ]),
  ];
}
