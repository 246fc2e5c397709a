import { generators, startPreset } from '../generator/settings';
import { methodOf } from '../guidance/methods';
import { complete } from '../schema';
import { checkTogether } from './check';
import { validatePrompt } from './prompt';
import { defaults, type PartialSettings, type Settings, settingsSchema } from './settings';
import { isTree, type Tree } from './tree';

/**
 * Defaults, then the presets of the generator, of the method and of a start from an object, then `overrides` in order;
 * generator, method and start are the last ones given.
 * @throws SettingsError for unknown keys, values of the wrong kind or out of range, and values that contradict others.
 */
export function makeSettings(...overrides: readonly PartialSettings[]): Settings {
  const method = overrides.reduce<string>((last, { method }) => method ?? last, defaults.method);
  const generator = overrides.reduce<string>(
    (last, { generator }) => generator ?? last,
    defaults.generator,
  );
  const kind = generators.find(({ id }) => id === generator);
  const start = overrides.reduce<string>(
    (last, { start }) => start?.source ?? last,
    defaults.start.source,
  );
  const parts: readonly Tree[] = [
    kind?.preset ?? {},
    methodOf(method).preset,
    start === defaults.start.source ? {} : startPreset,
    ...overrides,
  ];
  const given = parts.reduce(merge, defaults);
  // Before the schema, which would not say what to do about a prompt.
  if (typeof given.prompt === 'string') validatePrompt(given.prompt);
  const settings = complete(settingsSchema, given);
  checkTogether(settings);
  return settings;
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
