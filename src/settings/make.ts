import { isTree } from './entries';
import { defaults, methods } from './presets';
import { type Method, type PartialSettings, type Settings, SettingsError } from './settings';
import { schedulePaths, validate } from './validate';

/**
 * Defaults, then the method's preset, then `overrides` in order; the method is the last one given.
 * @throws SettingsError for unknown keys, values of the wrong kind or out of range.
 */
export function makeSettings(...overrides: readonly PartialSettings[]): Settings {
  const method = overrides.reduce<Method>((m, o) => o.method ?? m, defaults.method);
  if (!Object.hasOwn(methods, method)) {
    throw new SettingsError(
      `Unknown method '${method}': choose one of ${Object.keys(methods).join(', ')}.`,
    );
  }
  const settings = [methods[method], ...overrides].reduce<Settings>(
    (merged, part) => merge(merged, part, '') as Settings,
    defaults,
  );
  validate(settings);
  return settings;
}

function merge(base: unknown, part: unknown, path: string): unknown {
  if (part === undefined) return base;
  if (!isTree(base)) return checked(base, part, path);
  if (!isTree(part))
    throw new SettingsError(`Setting '${path.slice(0, -1)}' is a group of settings.`);
  for (const key of Object.keys(part)) {
    if (!Object.hasOwn(base, key)) {
      throw new SettingsError(
        `Unknown setting '${path}${key}': there are ${Object.keys(base).join(', ')}.`,
      );
    }
  }
  return Object.fromEntries(
    Object.entries(base).map(([key, value]) => [key, merge(value, part[key], `${path}${key}.`)]),
  );
}

/** Schedules may stand where the default is a number and the other way round; all else keeps its type. */
function checked(base: unknown, value: unknown, path: string): unknown {
  const name = path.slice(0, -1);
  const numeric = typeof base === 'number' || Array.isArray(base);
  if (numeric && Array.isArray(value)) {
    if (!schedulePaths.has(name)) throw new SettingsError(`Setting '${name}' takes one number.`);
    if (value.length === 4 && value.every(Number.isFinite) && value[0] <= value[3]) return value;
    throw new SettingsError(
      `Setting '${name}' takes a number or [start, v0, v1, end] with start <= end, not ${JSON.stringify(value)}.`,
    );
  }
  const expected = numeric ? 'number' : typeof base;
  if (typeof value === expected && (!numeric || Number.isFinite(value))) return value;
  throw new SettingsError(`Setting '${name}' takes a ${expected}, not ${JSON.stringify(value)}.`);
}
