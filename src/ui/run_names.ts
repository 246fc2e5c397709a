import {
  type Entry,
  generators,
  makeSettings,
  methodOf,
  type Settings,
  settingEntries,
  settingValues,
  toText,
} from '../settings';
import { isSame } from './choices';

/** What a run is called among those beside it. */
export interface RunName {
  /** Its method. */
  readonly title: string;
  /** What else of it is not as the others have it, 'seed 2', 'threshold off'. */
  readonly differs: readonly string[];
}

/**
 * Names runs by their methods and by what else differs. What most of them have goes without saying, and so does
 * what a method or a generator brings along; of as many, it is what the first of them has.
 */
export function runNames(runs: readonly Settings[]): RunName[] {
  const own = runs.map(ownValues);
  const told = settingEntries.filter(
    ({ path }) => own.some((values) => values.has(path)) && !['prompt', 'method'].includes(path),
  );
  const differs = runs.map((): string[] => []);
  for (const entry of told) {
    const values = own.map((of) => of.get(entry.path));
    const usual = mostCommon(values);
    runs.forEach((run, i) => {
      if (!isSame(values[i], usual)) differs[i]!.push(words(entry, valueAt(run, entry.path)));
    });
  }
  return runs.map(({ method }, i) => ({ title: methodOf(method).title, differs: differs[i]! }));
}

/** A run's name in one line. */
export const lineOf = ({ title, differs }: RunName): string => [title, ...differs].join(' · ');

/** What a run's settings are where they are not as its method and its generator have them. */
function ownValues(settings: Settings): Map<string, unknown> {
  const base = new Map(settingValues(baseOf(settings)));
  const values = settingValues(settings);
  return new Map(
    values.filter(([path, value]) => path === 'generator' || !isSame(value, base.get(path))),
  );
}

const baseOf = ({ method, generator }: Settings) =>
  makeSettings({ method, generator, prompt: 'any' });

const valueAt = (settings: Settings, path: string): unknown =>
  settingValues(settings).find(([known]) => known === path)?.[1];

/** The value that most have; of as many, the first. */
function mostCommon(values: readonly unknown[]): unknown {
  const count = (value: unknown) => values.filter((other) => isSame(other, value)).length;
  return values.reduce((most, value) => (count(value) > count(most) ? value : most));
}

/** A setting and its value in the middle of a sentence. */
function words({ path, label, control }: Entry, value: unknown): string {
  const name = label.replace(/^[A-Z](?=[a-z ]|$)(?!\w*[A-Z])/, (letter) => letter.toLowerCase());
  if (path === 'generator') return generators.find(({ id }) => id === value)!.title;
  if (control.kind === 'boolean') return `${name} ${value ? 'on' : 'off'}`;
  if (control.kind === 'text') return value === '' ? `no ${name}` : `${name} “${value}”`;
  return `${name} ${Array.isArray(value) ? value.join(', ') : toText(value)}`;
}
