import { type ShadingMode, shadingModes } from '../render/shading_mode';
import {
  defaults,
  makeSettings,
  methods,
  type PartialSettings,
  presetOf,
  presets,
  type Settings,
  SettingsError,
  settingEntries,
  settingsFrom,
} from '../settings';
import { type Flags, helpRow, helpRows, type Parsed, parseFlags } from './flags';
import { type Machine, machineFlags, parseMachine } from './machine';

/** What the command line of `generate` asks for. */
export interface Options {
  readonly help: boolean;
  readonly settings: Settings;
  readonly preset: string;
  readonly out: string;
  /** What turntable.png shows. */
  readonly shading: ShadingMode;
  readonly machine: Machine;
}

/** Flags that are not settings. */
const flags: Flags = {
  preset: { value: 'NAME', text: `settings to start from: ${Object.keys(presets).join(', ')}` },
  out: { value: 'DIR', text: 'folder for the results, made if missing (default: out)' },
  shading: { value: 'NAME', text: `what turntable.png shows: ${shadingModes.join(', ')}` },
  resume: { value: 'FILE', text: 'go on from a field.safetensors, with its settings' },
  ...machineFlags,
};

const settingFlags = settingEntries(defaults).filter(([name]) => name !== 'prompt');

const parse = (args: readonly string[]) =>
  parseFlags(args, [...Object.keys(flags), ...settingFlags.map(([name]) => name)]);

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
  return {
    help: parsed.help,
    settings: parsed.help
      ? defaults
      : makeSettings(presetOf(preset), resumed, givenSettings(parsed, settingFlags), { prompt }),
    preset,
    out: parsed.get('out') ?? 'out',
    shading: shadingOf(parsed.get('shading') ?? shadingModes[0]),
    machine: parseMachine(parsed),
  };
}

function shadingOf(name: string): ShadingMode {
  const mode = shadingModes.find((known) => known === name);
  if (mode) return mode;
  throw new SettingsError(`Unknown shading '${name}': choose one of ${shadingModes.join(', ')}.`);
}

/** Settings by dotted path, with their defaults. */
type SettingFlags = readonly (readonly [path: string, base: unknown])[];

/** The settings that flags name. @throws SettingsError for a text that is no value. */
export const givenSettings = (parsed: Parsed, flags: SettingFlags): PartialSettings =>
  settingsFrom(
    flags.flatMap(([name, base]) => {
      const text = parsed.get(name);
      return text === undefined ? [] : [[name, settingOf(name, base, text)] as const];
    }),
  );

/** Lines of --help for settings. */
export const settingRows = (flags: SettingFlags): string[] =>
  flags.map(([name, value]) => helpRow(`--${name} ${kindOf(value)}`, JSON.stringify(value)));

const kindOf = (value: unknown) =>
  typeof value === 'string' ? 'NAME' : Array.isArray(value) ? 'N|[…]' : 'VALUE';

/** A flag's text as the kind of value that the setting's default is; schedules are JSON. */
function settingOf(name: string, base: unknown, text: string): unknown {
  if (typeof base === 'string') return text;
  try {
    return JSON.parse(text);
  } catch {
    throw new SettingsError(`Option --${name} takes a ${typeof base}, not '${text}'.`);
  }
}

/** The text of `generate --help`. */
export function helpText(): string {
  const common = ['method', 'seed', 'steps'];
  return [
    'Distils a 3D object from a prompt.',
    '',
    'Usage: npm run generate -- "a pine tree" [--method vsd] [--seed 7] [--out DIR]',
    '',
    'Writes mesh.glb (or, by --mesh.format, mesh.obj with its texture, mesh.ply, mesh.stl),',
    'turntable.png, field.safetensors (checkpoint) and run.json.',
    '',
    'Options',
    helpRow('--method NAME', `${Object.keys(methods).join(' or ')} (default: ${defaults.method})`),
    helpRow('--seed N', `random seed (default: ${defaults.seed})`),
    helpRow('--steps N', `steps of the field (default: ${defaults.steps})`),
    ...helpRows(flags),
    helpRow('--help', 'this text'),
    '',
    'Every other setting, with its default; a schedule is [start,v0,v1,end], start and end as shares of the run',
    ...settingRows(settingFlags.filter(([name]) => !common.includes(name))),
  ].join('\n');
}
