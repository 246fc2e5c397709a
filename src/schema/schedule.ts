/**
 * A number, or a number that changes over a run: `[start, v0, v1, end]` holds v0 until `start`, moves
 * linearly to v1 at `end` and stays. `start` and `end` are fractions of the run in [0, 1], so that a
 * short run passes through the same phases as a long one (threestudio counts steps instead).
 */
export type Schedule = number | readonly [start: number, v0: number, v1: number, end: number];

/** The largest value that a schedule takes. */
export const most = (schedule: Schedule): number =>
  typeof schedule === 'number' ? schedule : Math.max(schedule[1], schedule[2]);

/** The value of a schedule after `step` of `steps` steps. */
export function scheduled(schedule: Schedule, step: number, steps: number): number {
  if (typeof schedule === 'number') return schedule;
  const [start, v0, v1, end] = schedule;
  const at = steps > 0 ? step / steps : 0;
  if (at <= start) return v0;
  if (at >= end) return v1;
  return v0 + ((v1 - v0) * (at - start)) / (end - start);
}

/** Settings at a step: each schedule is the number that it has come to. */
export type SettingsAt<S> = {
  readonly [K in keyof S]: S[K] extends number | string | boolean
    ? S[K]
    : Schedule extends S[K]
      ? number
      : SettingsAt<S[K]>;
};

/** Settings after so many steps of `settings.steps`. */
export function settingsAt<S extends { readonly steps: number }>(
  settings: S,
  step: number,
): SettingsAt<S> {
  const at = (value: unknown): unknown => {
    if (Array.isArray(value)) return scheduled(value as unknown as Schedule, step, settings.steps);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, at(inner)]));
  };
  return at(settings) as SettingsAt<S>;
}
