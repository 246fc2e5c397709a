import {
  defaults,
  type GeneratorId,
  type MethodId,
  makeSettings,
  methodOf,
  type Preset,
  presetOf,
  type Settings,
  SettingsError,
  settingsFrom,
  settingValues,
  validatePrompt,
} from '../settings';

/** Changed settings by path. */
export type Changes = Readonly<Record<string, unknown>>;

/** What tells one run from the others. */
export interface RunChoice {
  readonly method: MethodId;
  /** Settings of this run alone; its seed and its generator may be among them. */
  readonly changes: Changes;
}

/** What a visitor chose: up to four runs of one prompt, told as what differs from a preset. */
export interface Choices {
  readonly prompt: string;
  readonly seed: number;
  readonly preset: Preset;
  readonly generator: GeneratorId;
  /** Settings of all runs. */
  readonly changes: Changes;
  readonly runs: readonly RunChoice[];
}

/** Runs that stand side by side at most. */
export const mostRuns = 4;

export const firstChoices: Choices = {
  prompt: '',
  seed: defaults.seed,
  preset: 'default',
  generator: defaults.generator,
  changes: {},
  runs: [{ method: defaults.method, changes: {} }],
};

/** Settings that have controls of their own: of these, a run may change the last two for itself. */
const ownControls = ['prompt', 'method', 'seed', 'generator'];
const ownOfRun = ['prompt', 'method'];

/** Whether a setting may be among the changes of all runs. */
export const isShared = (path: string): boolean => !ownControls.includes(path);

/** Whether a setting may be among the changes of one run. */
export const isOfRun = (path: string): boolean => !ownOfRun.includes(path);

/**
 * The settings of a run; `run` need not be among the choices'.
 * @throws SettingsError for a choice that cannot be used, an empty prompt among them.
 */
export function settingsOf(choices: Choices, { method, changes }: RunChoice): Settings {
  const { prompt, seed, preset, generator } = choices;
  const [shared, own] = [choices.changes, changes].map((part) =>
    settingsFrom(Object.entries(part)),
  );
  return makeSettings(presetOf(preset), { prompt, method, seed, generator }, shared!, own!);
}

/** The same, whatever the prompt is while it is typed. */
export const draftOf = (choices: Choices, run: RunChoice): Settings => ({
  ...settingsOf({ ...choices, prompt: 'any' }, run),
  prompt: choices.prompt,
});

/** The choices that lead to one run's settings. */
export function choicesOf(settings: Settings): Choices {
  const { prompt, method, seed, generator } = settings;
  const runs = [{ method, changes: {} }];
  const bare: Choices = { prompt, seed, preset: 'default', generator, changes: {}, runs };
  const base = new Map(settingValues(draftOf(bare, runs[0]!)));
  const changes = settingValues(settings).filter(
    ([path, value]) => isShared(path) && !isSame(value, base.get(path)),
  );
  return { ...bare, changes: Object.fromEntries(changes) };
}

/**
 * Checks everything but the prompt, which may still be empty.
 * @throws SettingsError
 */
export function validateChoices(choices: Choices): void {
  const { runs } = choices;
  if (runs.length < 1 || runs.length > mostRuns) {
    throw new SettingsError(
      `There are ${runs.length} runs, and the page shows 1 to ${mostRuns}.`,
      'Name as many methods.',
    );
  }
  const known = new Set(settingValues(defaults).map(([path]) => path));
  const names = [
    ...Object.keys(choices.changes).filter((path) => !known.has(path) || !isShared(path)),
    ...runs.flatMap(({ changes }) =>
      Object.keys(changes).filter((path) => !known.has(path) || !isOfRun(path)),
    ),
  ];
  if (names.length > 0) throw new SettingsError(`Unknown setting '${names[0]}'.`, 'Leave it out.');
  if (choices.prompt.trim()) validatePrompt(choices.prompt);
  for (const run of runs) draftOf(choices, { ...run, method: methodOf(run.method).id });
}

/** Whether two values of a setting are the same. */
export const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** `changes` with a setting at a value; without it where that is its value anyway. */
export function changed(changes: Changes, path: string, value: unknown, base: unknown): Changes {
  const { [path]: _, ...others } = changes;
  return isSame(value, base) ? others : { ...others, [path]: value };
}
