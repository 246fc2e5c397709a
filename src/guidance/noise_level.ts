import type { NoiseSchedule, ScheduleLevel } from '../prior/noise_schedule';
import { type Counter, streams, uniform } from '../random';
import type { SettingsAt } from '../schema';
import type { GuidedRun, Weighting } from './settings';

/** A noise level at which a model is asked, and the noise that is drawn for it. */
export interface NoiseLevel extends ScheduleLevel {
  /** Stream of the noise ε that is drawn at this level. */
  readonly stream: number;
}

/** τ of the distribution-matching term, of its baseline, and τ' of the guidance term. */
export type LevelName = 'dm' | 'baseline' | 'cfg';

/** The levels of one step; those that coincide are one object. */
export type Levels = Readonly<Record<LevelName, NoiseLevel>>;

/** The step whose cameras and noise a step uses: the first one's while the views settle, then its own. */
export function noiseStepOf({ guidance, steps }: SettingsAt<GuidedRun>, step: number): number {
  return step < guidance.settle * steps ? 0 : step;
}

/** Draws the levels of a step from the counters: the same for every run of one seed. */
export function drawLevels(
  { seed, guidance }: SettingsAt<GuidedRun>,
  schedule: NoiseSchedule,
  step: number,
): Levels {
  const { minTimestep: low, maxTimestep: high } = guidance;
  const at = (counter: Counter, stream: number) =>
    noiseLevel(schedule, low + (high - low) * uniform(...counter), stream);
  const dm = at([seed, streams.timestep, step, 0], streams.noise);
  const cfg = guidance.sharedTimestep
    ? dm
    : at([seed, streams.guidanceTimestep, step, 0], streams.guidanceNoise);
  return { dm, cfg, baseline: guidance.baseline === 'shifted' ? shifted() : dm };

  /** τ⁺ = τ + u η (τ − τ_min), ε being that of τ (ScaleDreamer, Ma et al. 2024, section 3.3). */
  function shifted(): NoiseLevel {
    const fraction = dm.timestep / schedule.timesteps;
    const shift = guidance.shift * uniform(seed, streams.baselineTimestep, step, 0);
    return noiseLevel(schedule, fraction + shift * Math.max(0, fraction - low), dm.stream);
  }
}

/** τ'' of the fake score's own denoising steps: uniform over all timesteps (Wang et al. 2023). */
export function drawFakeLevels(
  { seed, fake }: SettingsAt<GuidedRun>,
  schedule: NoiseSchedule,
  step: number,
): NoiseLevel[] {
  return Array.from({ length: fake.updates }, (_, update) =>
    noiseLevel(schedule, uniform(seed, streams.fakeTimestep, step, update), streams.fakeNoise),
  );
}

/** The level at a fraction of the model's timesteps. */
export const noiseLevel = (
  schedule: NoiseSchedule,
  fraction: number,
  stream: number,
): NoiseLevel => ({ ...schedule.level(schedule.timestepAt(fraction)), stream });

/** w(τ): how much a noise level counts. */
export function weight(weighting: Weighting, { alpha, sigma }: NoiseLevel): number {
  switch (weighting) {
    case 'sigma_squared':
      return sigma * sigma;
    case 'sigma_alpha':
      return sigma * alpha;
    case 'uniform':
      return 1;
  }
}
