import { methodOf } from '../guidance/methods';
import { complete } from '../schema';
import { validatePrompt } from './prompt';
import { defaults, type PartialSettings, type Settings, settingsSchema } from './settings';
import { isTree, type Tree } from './tree';

/**
 * Defaults, then the method's preset, then `overrides` in order; the method is the last one given.
 * @throws SettingsError for unknown keys, values of the wrong kind or out of range.
 */
export function makeSettings(...overrides: readonly PartialSettings[]): Settings {
  const method = overrides.reduce<string>((last, { method }) => method ?? last, defaults.method);
  const parts: readonly Tree[] = [methodOf(method).preset, ...overrides];
  const given = parts.reduce(merge, defaults);
  // Before the schema, which would not say what to do about a prompt.
  if (typeof given.prompt === 'string') validatePrompt(given.prompt);
  return complete(settingsSchema, given);
}

/** `part` over `base`, group by group; what is undefined says nothing. */
function merge(base: Tree, part: Tree): Tree {
  const told = Object.entries(part).filter(([, value]) => value !== undefined);
  const merged = told.map(([key, value]) => {
    const under = Object.hasOwn(base, key) ? base[key] : undefined;
    return [key, isTree(under) && isTree(value) ? merge(under, value) : value];
  });
  return { ...base, ...Object.fromEntries(merged) };
}
