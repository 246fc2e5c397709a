import { parseArgs } from 'node:util';
import { SettingsError } from '../settings';

/** A flag of the command line: the word for its value, and what it is for. */
export interface Flag {
  readonly value: string;
  readonly text: string;
}

export type Flags = Readonly<Record<string, Flag>>;

/** Arguments taken apart. */
export interface Parsed {
  readonly help: boolean;
  /** What stands there without a flag: a prompt, or a file. At most one. */
  readonly prompt: string | undefined;
  /** A flag's text; undefined when it was not given. */
  get(name: string): string | undefined;
}

/**
 * Takes arguments apart.
 * @param subject what the argument without a flag is, for errors.
 * @throws SettingsError for an unknown option, one without its value, or several subjects.
 */
export function parseFlags(
  args: readonly string[],
  names: readonly string[],
  subject = 'prompt',
): Parsed {
  const options = {
    ...Object.fromEntries(names.map((name) => [name, { type: 'string' } as const])),
    help: { type: 'boolean', short: 'h' } as const,
  };
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
    });
    if (positionals.length > 1) {
      throw new SettingsError(
        `There are ${positionals.length} ${subject}s: put the ${subject} in quotes, "${positionals.join(' ')}".`,
      );
    }
    const text = (value: unknown) => (value === undefined ? undefined : String(value));
    return {
      help: values.help === true,
      prompt: positionals[0],
      get: (name) => text((values as Record<string, unknown>)[name]),
    };
  } catch (error) {
    if (error instanceof SettingsError) throw error;
    const message = (error as Error).message.split('. To specify')[0];
    throw new SettingsError(`${message}. See --help for the options.`);
  }
}

/**
 * The number that a flag holds, or `fallback` when it was not given.
 * @throws SettingsError when it holds none or one out of range.
 */
export function numberFlag<F extends number | undefined>(
  parsed: Parsed,
  name: string,
  fallback: F,
  low: number,
  high: number,
): number | F {
  const text = parsed.get(name);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (text.trim() !== '' && value >= low && value <= high) return value;
  throw new SettingsError(`Option --${name} takes a number from ${low} to ${high}, not '${text}'.`);
}

/** A line of --help. */
export const helpRow = (flag: string, text: string) => `  ${flag.padEnd(34)} ${text}`;

export const helpRows = (flags: Flags) =>
  Object.entries(flags).map(([name, { value, text }]) => helpRow(`--${name} ${value}`, text));
