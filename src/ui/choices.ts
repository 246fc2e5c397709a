import {
  defaults,
  type MethodId,
  makeSettings,
  methodIds,
  type Preset,
  presetOf,
  type Settings,
  SettingsError,
  settingsFrom,
  settingValues,
} from '../settings';

/** What a visitor chose: settings for each method, told as what differs from a preset. */
export interface Choices {
  readonly prompt: string;
  readonly methods: readonly MethodId[];
  readonly seed: number;
  readonly preset: Preset;
  /** Changed settings by the names of {@link changeName}. */
  readonly changes: Readonly<Record<string, unknown>>;
}

export const firstChoices: Choices = {
  prompt: '',
  methods: ['sds', 'vsd'],
  seed: defaults.seed,
  preset: 'default',
  changes: {},
};

/** Settings that have controls of their own. */
const ownControls = new Set(['prompt', 'method', 'seed']);

/** The settings that can be changed, with their values under a preset and a method. */
export function changeable(preset: Preset, method: MethodId): [path: string, value: unknown][] {
  const settings = makeSettings(presetOf(preset), { method, prompt: 'any' });
  return settingValues(settings).filter(([path]) => !ownControls.has(path));
}

/** Methods differ in their guidance; everything else is the same for all, or they could not be compared. */
export const perMethod = (path: string) => path.startsWith('guidance.');

/** The name of a setting among the changes: its path, after the method where each has its own. */
export const changeName = (path: string, method: MethodId) =>
  perMethod(path) ? `${method}.${path}` : path;

/**
 * The settings of one method's run.
 * @throws SettingsError for a choice that cannot be used, an empty prompt among them.
 */
export function settingsFor(choices: Choices, method: MethodId): Settings {
  const { prompt, seed, preset, changes } = choices;
  const entries = changeable(preset, method).flatMap(([path]) => {
    const name = changeName(path, method);
    return Object.hasOwn(changes, name) ? [[path, changes[name]] as const] : [];
  });
  return makeSettings(presetOf(preset), settingsFrom(entries), { prompt, seed, method });
}

/** The choices that lead to one run's settings. */
export function choicesOf(settings: Settings): Choices {
  const { prompt, method, seed } = settings;
  const base = new Map(changeable('default', method));
  const changes = settingValues(settings)
    .filter(([path]) => base.has(path))
    .filter(([path, value]) => JSON.stringify(value) !== JSON.stringify(base.get(path)))
    .map(([path, value]) => [changeName(path, method), value]);
  return {
    prompt,
    methods: [method],
    seed,
    preset: 'default',
    changes: Object.fromEntries(changes),
  };
}

/**
 * Checks everything but the prompt, which may still be empty.
 * @throws SettingsError
 */
export function validateChoices(choices: Choices): void {
  const known = new Set(
    methodIds.flatMap((method) =>
      changeable(choices.preset, method).map(([path]) => changeName(path, method)),
    ),
  );
  const unknown = Object.keys(choices.changes).find((name) => !known.has(name));
  if (unknown) throw new SettingsError(`Unknown setting '${unknown}'.`, 'Leave it out.');
  for (const method of choices.methods) {
    settingsFor({ ...choices, prompt: choices.prompt || 'any' }, method);
  }
}
