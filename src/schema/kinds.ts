import * as v from 'valibot';
import type { Schedule } from './schedule';

/** How a person gives a setting's value: what a flag, a slider and a page of documentation are made from. */
export type Control = {
  /** The values in words: 'a whole number from 1 to 16'. */
  readonly takes: string;
  /** The bounds or choices alone: 'from 1 to 16'; empty where there are none. */
  readonly range: string;
} & (
  | {
      readonly kind: 'integer' | 'number' | 'schedule';
      readonly min: number;
      readonly max: number;
    }
  | { readonly kind: 'choice'; readonly choices: readonly (string | number)[] }
  | { readonly kind: 'boolean' | 'text' }
);

/** What a person reads of a setting. */
export interface Words {
  /** Its name beside a slider. */
  readonly label: string;
  /** What it is and does, beginning in lower case and without a full stop. */
  readonly help: string;
}

interface Bounded<T> extends Words {
  readonly default: T;
  readonly min: number;
  /** Default: any finite number. */
  readonly max?: number;
}

/** A whole number; with `zero` also 0, for none. */
export function integer(options: Bounded<number> & { readonly zero?: boolean }) {
  const { min, max = Number.MAX_SAFE_INTEGER, zero = false } = options;
  const range = `${rangeOf(options)}${zero ? ', or 0' : ''}`;
  const takes = `a whole number ${range}`;
  const control: Control = { kind: 'integer', min: zero ? 0 : min, max, takes, range };
  const fits = (value: number) =>
    Number.isInteger(value) && (within(min, max)(value) || (zero && value === 0));
  return setting(numberThat(fits, control), control, options);
}

/** A number; with `zero` also 0, for none. */
export function number(options: Bounded<number> & { readonly zero?: boolean }) {
  const { min, max = Number.MAX_VALUE, zero = false } = options;
  const range = `${rangeOf(options)}${zero ? ', or 0' : ''}`;
  const takes = `a number ${range}`;
  const control: Control = { kind: 'number', min: zero ? 0 : min, max, takes, range };
  const fits = (value: number) => within(min, max)(value) || (zero && value === 0);
  return setting(numberThat(fits, control), control, options);
}

/** A number that may change over a run, see {@link Schedule}. */
export function schedule(options: Bounded<Schedule>) {
  const { min, max = Number.MAX_VALUE } = options;
  const range = rangeOf(options);
  const takes = `a number ${range}, or [start, v0, v1, end] with 0 <= start <= end`;
  const control: Control = { kind: 'schedule', min, max, takes, range };
  const value = within(min, max);
  const fits = (given: Schedule) => {
    if (typeof given === 'number') return value(given);
    const [start, v0, v1, end] = given;
    return start >= 0 && start <= end && Number.isFinite(end) && value(v0) && value(v1);
  };
  const message = says(control);
  const four = v.strictTuple([v.number(), v.number(), v.number(), v.number()]);
  const either = v.pipe(
    v.union([v.number(), v.pipe(four, v.readonly())], message),
    v.check(fits, message),
  );
  return setting(either, control, options);
}

/** One of a few words or numbers. */
export function choice<const T extends string | number>(
  options: Words & { readonly default: NoInfer<T>; readonly choices: readonly T[] },
) {
  const { choices } = options;
  const range = `one of ${choices.join(', ')}`;
  const control: Control = { kind: 'choice', choices, takes: range, range };
  return setting(v.picklist(choices, says(control)), control, options);
}

export function boolean(options: Words & { readonly default: boolean }) {
  const control: Control = { kind: 'boolean', takes: 'true or false', range: '' };
  return setting(v.boolean(says(control)), control, options);
}

export function text(options: Words & { readonly default: string; readonly maxLength: number }) {
  const { maxLength } = options;
  const takes = `a text of at most ${maxLength} characters`;
  const control: Control = { kind: 'text', takes, range: '' };
  const message = says(control);
  return setting(v.pipe(v.string(message), v.maxLength(maxLength, message)), control, options);
}

/** Settings that belong together; others than these are refused. */
export function group<const E extends v.ObjectEntries>(title: string, entries: E) {
  const message = (issue: v.StrictObjectIssue) =>
    issue.expected === 'never'
      ? `is unknown: there are ${Object.keys(entries).join(', ')}`
      : `is a group of settings, not ${shown(issue.input)}`;
  return v.pipe(v.strictObject(entries, message), v.title(title), v.readonly());
}

/** The default and the words of a value of some kind. */
function setting<T extends {}>(
  schema: v.GenericSchema<T>,
  control: Control,
  { label, help, default: fallback }: Words & { readonly default: T },
): v.OptionalSchema<v.GenericSchema<T>, T> {
  const told = v.pipe(schema, v.title(label), v.description(help), v.metadata({ control }));
  return v.optional(told, fallback);
}

const numberThat = (fits: (value: number) => boolean, control: Control) =>
  v.pipe(v.number(says(control)), v.check(fits, says(control)));

const within = (min: number, max: number) => (value: number) => value >= min && value <= max;

const rangeOf = ({ min, max }: { readonly min: number; readonly max?: number }) =>
  max === undefined ? `from ${min} up` : `from ${min} to ${max}`;

const says = ({ takes }: Control) => {
  return ({ input }: { readonly input: unknown }) => `takes ${takes}, not ${shown(input)}`;
};

/** A refused value, as short as it must be to be recognised. */
function shown(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
