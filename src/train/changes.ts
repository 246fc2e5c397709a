import type { SettingsChange } from '../protocol/reports';
import { makeSettings, type Settings, SettingsError, settingsFrom } from '../settings';

/** Settings that may change while a run goes on: a step reads them anew. */
const liveSettings: readonly string[] = [
  'guidance.lambdaDm',
  'guidance.scale',
  'guidance.minTimestep',
  'guidance.maxTimestep',
];

/**
 * A run's settings from a step on, when some were changed while it ran.
 * @param changes in the order of their steps.
 * @throws SettingsError for a setting that cannot change, or a value that it cannot have.
 */
export function settingsAfter(
  settings: Settings,
  changes: readonly SettingsChange[],
  step: number,
): Settings {
  const applied = changes.filter((change) => change.step <= step);
  const fixed = applied.find(({ path }) => !liveSettings.includes(path));
  if (fixed) {
    throw new SettingsError(
      `'${fixed.path}' cannot change while a run goes on.`,
      `Those that can are ${liveSettings.join(', ')}.`,
    );
  }
  if (applied.length === 0) return settings;
  return makeSettings(settings, settingsFrom(applied.map(({ path, value }) => [path, value])));
}

/** The changes with another one, in place of one of the same setting at the same step. */
export const withChange = (
  changes: readonly SettingsChange[],
  change: SettingsChange,
): SettingsChange[] => [
  ...changes.filter(({ step, path }) => step !== change.step || path !== change.path),
  change,
];

/** Changes as a checkpoint has them. @throws Error for what are none. */
export function parseChanges(text: string): SettingsChange[] {
  const read: unknown = JSON.parse(text);
  const isChange = (value: unknown): value is SettingsChange =>
    typeof value === 'object' &&
    value !== null &&
    typeof (value as SettingsChange).step === 'number' &&
    typeof (value as SettingsChange).path === 'string';
  if (!Array.isArray(read) || !read.every(isChange)) throw new Error('These are no changes.');
  return read;
}
