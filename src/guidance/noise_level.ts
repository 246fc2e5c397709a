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
  const { minTimestep: low, maxTimestep: high, cfgMinTimestep, cfgMaxTimestep } = guidance;
  const between = (low: number, high: number, counter: Counter, stream: number) =>
    noiseLevel(schedule, low + (high - low) * uniform(...counter), stream);
  const dm = between(low, high, [seed, streams.timestep, step, 0], streams.noise);
  const own = [seed, streams.guidanceTimestep, step, 0] as const;
  const cfg = guidance.sharedTimestep
    ? dm
    : between(cfgMinTimestep, cfgMaxTimestep, own, streams.guidanceNoise);
  return { dm, cfg, baseline: guidance.baseline === 'shifted' ? shifted() : dm };

  /** τ⁺ = τ + u η (τ − τ_min), ε being that of τ (ScaleDreamer, Ma et al. 2024, section 3.3). */
  function shifted(): NoiseLevel {
    const fraction = dm.timestep / schedule.timesteps;
    const shift = guidance.shift * uniform(seed, streams.baselineTimestep, step, 0);
    return noiseLevel(schedule, fraction + shift * Math.max(0, fraction - low), dm.stream);
  }
}

/** What one update of the fake score draws. */
export interface FakeLevel extends NoiseLevel {
  /** Whether it learns without being told the cameras. */
  readonly blind: boolean;
}

/** τ'' of the fake score's own denoising steps: uniform over all timesteps (Wang et al. 2023). */
export function drawFakeLevels(
  { seed, fake }: SettingsAt<GuidedRun>,
  schedule: NoiseSchedule,
  step: number,
): FakeLevel[] {
  return Array.from({ length: fake.updates }, (_, update) => ({
    ...noiseLevel(schedule, uniform(seed, streams.fakeTimestep, step, update), streams.fakeNoise),
    blind: uniform(seed, streams.cameraDropout, step, update) < fake.cameraDropout,
  }));
}

/** Below this share of the timesteps a picture has no defects of noise to be told from (NFSD, section 4). */
const defectsFrom = 0.2;

/** How much of b is subtracted at a level: none of what the model says of defects where the noise is low. */
export function baselineShare(
  { baseline }: Pick<SettingsAt<GuidedRun>['guidance'], 'baseline'>,
  { timestep }: NoiseLevel,
  timesteps: number,
): number {
  return baseline === 'defects' && timestep < defectsFrom * timesteps ? 0 : 1;
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
    case 'sigma_over_alpha':
      return sigma / alpha;
    case 'uniform':
      return 1;
  }
}
