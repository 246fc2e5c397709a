import { parseArgs } from 'node:util';
import { SettingsError } from '../settings';

/** A flag of the command line: the word for its value, none for a switch, and what it is for. */
export interface Flag {
  readonly value?: string;
  readonly text: string;
}

export type Flags = Readonly<Record<string, Flag>>;

/** Arguments taken apart. */
export interface Parsed {
  readonly help: boolean;
  /** What stands there without a flag: a prompt, or a file. */
  readonly prompt: string | undefined;
  /** All that stands there without a flag; more than the prompt where several subjects may be. */
  readonly subjects: readonly string[];
  /** A flag's text; undefined when it was not given. */
  get(name: string): string | undefined;
  /** Whether a switch was given. */
  has(name: string): boolean;
}

/** How arguments are to be read. */
export interface Grammar {
  /** What an argument without a flag is, for errors. Default 'prompt'. */
  readonly subject?: string;
  /** Whether there may be several. Default false. */
  readonly several?: boolean;
  /** Flags without a value. */
  readonly switches?: readonly string[];
}

/**
 * Takes arguments apart.
 * @param names of the flags that have a value.
 * @throws SettingsError for an unknown option, one without its value, or several subjects.
 */
export function parseFlags(
  args: readonly string[],
  names: readonly string[],
  { subject = 'prompt', several = false, switches = [] }: Grammar = {},
): Parsed {
  const options = {
    ...Object.fromEntries(names.map((name) => [name, { type: 'string' } as const])),
    ...Object.fromEntries(switches.map((name) => [name, { type: 'boolean' } as const])),
    help: { type: 'boolean', short: 'h' } as const,
  };
  refuseSwallowed([...names, ...switches]);
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
    });
    if (positionals.length > 1 && !several) {
      throw new SettingsError(
        `There are ${positionals.length} ${subject}s.`,
        `Put the ${subject} in quotes, "${positionals.join(' ')}"${byNpm() ? ', and -- before the options, which npm otherwise takes for its own' : ''}.`,
      );
    }
    const text = (value: unknown) => (value === undefined ? undefined : String(value));
    return {
      help: values.help === true,
      prompt: positionals[0],
      subjects: positionals,
      get: (name) => text((values as Record<string, unknown>)[name]),
      has: (name) => (values as Record<string, unknown>)[name] === true,
    };
  } catch (error) {
    if (error instanceof SettingsError) throw error;
    const message = (error as Error).message.split('. To specify')[0];
    throw new SettingsError(`${message}.`, 'See --help for the options.');
  }
}

/** Whether npm started this program, as one of a package's scripts. */
const byNpm = (): boolean => process.env.npm_lifecycle_event !== undefined;

/**
 * Without `--` before them, npm takes options for its own and passes on what else there is.
 * @throws SettingsError naming an option that npm took.
 */
function refuseSwallowed(names: readonly string[]): void {
  const { env } = process;
  const script = env.npm_lifecycle_event;
  if (script === undefined) return;
  const taken = names.filter(
    (name) => env[`npm_config_${name.replaceAll('-', '_')}`] !== undefined,
  );
  if (taken.length === 0) return;
  throw new SettingsError(
    `npm took ${taken.map((name) => `--${name}`).join(' and ')} for an option of its own.`,
    `Put -- before the options: npm run ${script} -- … --${taken[0]} …`,
  );
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
  throw new SettingsError(
    `Option --${name} takes a number from ${low} to ${high}, not '${text}'.`,
    'Correct it, or leave it out.',
  );
}

/** Characters of a flag and of its text in --help. */
const columns = { flag: 34, text: 84 };

/** A flag in --help: its text beside it, in as many lines as it takes. */
export function helpRow(flag: string, text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = `${lines.at(-1) ?? ''} ${word}`.trim();
    if (lines.length > 0 && line.length <= columns.text) lines[lines.length - 1] = line;
    else lines.push(word);
  }
  return `  ${flag.padEnd(columns.flag)} ${lines.join(`\n${' '.repeat(columns.flag + 3)}`)}`;
}

export const helpRows = (flags: Flags) =>
  Object.entries(flags).map(([name, { value, text }]) =>
    helpRow(value === undefined ? `--${name}` : `--${name} ${value}`, text),
  );

/** The flags with a value, and those without: what `parseFlags` is told. */
export function namesOf(flags: Flags): { readonly names: string[]; readonly switches: string[] } {
  const all = Object.keys(flags);
  const isSwitch = (name: string) => flags[name]!.value === undefined;
  return { names: all.filter((name) => !isSwitch(name)), switches: all.filter(isSwitch) };
}
