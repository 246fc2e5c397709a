import { parseArgs } from 'node:util';
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

/** What the command line asks for. */
export interface Options {
  readonly help: boolean;
  readonly settings: Settings;
  readonly preset: string;
  readonly out: string;
  /** Folder of the prior; empty for the one that ships. */
  readonly model: string;
  /** Part of the name of the adapter to use; empty for any. */
  readonly adapter: string;
  readonly denoiser: 'auto' | 'webgpu' | 'cpu';
  /** A checkpoint to go on from; empty to start anew. */
  readonly resume: string;
}

type Flags = Record<string, string | boolean | undefined>;

/** Flags that are not settings. */
const flags = {
  preset: { value: 'NAME', text: `settings to start from: ${Object.keys(presets).join(', ')}` },
  out: { value: 'DIR', text: 'folder for the results, made if missing (default: out)' },
  model: { value: 'DIR', text: 'folder of another prior, with its manifest.json' },
  adapter: { value: 'NAME', text: 'part of the name of the WebGPU adapter to use' },
  denoiser: { value: 'KIND', text: 'where the denoiser runs: auto, webgpu or cpu (default: auto)' },
  resume: { value: 'FILE', text: 'go on from a field.safetensors, with its settings' },
} as const;

const settingFlags = settingEntries(defaults).filter(([name]) => name !== 'prompt');

/**
 * Reads the arguments after `generate`.
 * @throws SettingsError for an unknown option, a missing prompt, or a value that does not fit.
 */
export function parseOptions(args: readonly string[], resumed?: PartialSettings): Options {
  const { values, positionals } = parse(args);
  const text = (name: string) => String(values[name] ?? '');
  const denoiser = text('denoiser') || 'auto';
  if (denoiser !== 'auto' && denoiser !== 'webgpu' && denoiser !== 'cpu') {
    throw new SettingsError(`Unknown denoiser '${denoiser}': choose auto, webgpu or cpu.`);
  }
  if (positionals.length > 1) {
    throw new SettingsError(
      `There are ${positionals.length} prompts: put the prompt in quotes, "${positionals.join(' ')}".`,
    );
  }
  const help = values.help === true;
  const preset = text('preset') || 'default';
  const given = settingsFrom(
    settingFlags
      .filter(([name]) => values[name] !== undefined)
      .map(([name, base]) => [name, parsed(name, base, text(name))]),
  );
  const prompt = positionals[0];
  const settings = help
    ? defaults
    : makeSettings(presetOf(preset), resumed ?? {}, given, {
        prompt: prompt ?? resumed?.prompt ?? '',
      });
  return {
    help,
    settings,
    preset,
    out: text('out') || 'out',
    model: text('model'),
    adapter: text('adapter'),
    denoiser,
    resume: text('resume'),
  };
}

/** The file that `--resume` names, before anything else is read. */
export const resumeFile = (args: readonly string[]): string =>
  String(parse(args).values.resume ?? '');

function parse(args: readonly string[]): { values: Flags; positionals: string[] } {
  const options: Record<string, { type: 'string' | 'boolean'; short?: string }> = {
    help: { type: 'boolean', short: 'h' },
  };
  for (const name of [...Object.keys(flags), ...settingFlags.map(([name]) => name)]) {
    options[name] = { type: 'string' };
  }
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    const message = (error as Error).message.split('. To specify')[0];
    throw new SettingsError(`${message}. See --help for the options.`);
  }
}

/** A flag's text as the kind of value that the setting's default is; schedules are JSON. */
function parsed(name: string, base: unknown, value: string): unknown {
  if (typeof base === 'string') return value;
  if (typeof base === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  try {
    return JSON.parse(value);
  } catch {
    throw new SettingsError(`Option --${name} takes a ${typeof base}, not '${value}'.`);
  }
}

/** The text of --help. */
export function helpText(): string {
  const row = (flag: string, text: string) => `  ${flag.padEnd(34)} ${text}`;
  const common = ['method', 'seed', 'steps'];
  return [
    'Distils a 3D object from a prompt.',
    '',
    'Usage: npm run generate -- "a pine tree" [--method vsd] [--seed 7] [--out DIR]',
    '',
    'Writes mesh.glb, turntable.png, field.safetensors (checkpoint) and run.json.',
    '',
    'Options',
    row('--method NAME', `${Object.keys(methods).join(' or ')} (default: ${defaults.method})`),
    row('--seed N', `random seed (default: ${defaults.seed})`),
    row('--steps N', `steps of the field (default: ${defaults.steps})`),
    ...Object.entries(flags).map(([name, { value, text }]) => row(`--${name} ${value}`, text)),
    row('--help', 'this text'),
    '',
    'Every other setting, with its default; a schedule is [start,v0,v1,end], start and end as fractions of the run',
    ...settingFlags
      .filter(([name]) => !common.includes(name))
      .map(([name, value]) => row(`--${name} ${kind(value)}`, JSON.stringify(value))),
  ].join('\n');
}

const kind = (value: unknown) =>
  typeof value === 'number' ? 'N' : typeof value === 'object' ? 'N|[…]' : 'NAME';
