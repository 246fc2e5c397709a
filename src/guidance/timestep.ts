import { type Counter, streams, uniform } from '../random';
import { scheduled } from '../schema';
import type { GuidedRun, Weighting } from './settings';

/** A noise level of one term of the objective. */
export interface NoiseLevel {
  /** τ: an index into the model's table of alpha_bar; large is noisy. */
  readonly timestep: number;
  readonly alpha: number;
  readonly sigma: number;
  /** Stream of the noise ε that is drawn at this level. */
  readonly stream: number;
}

/** The levels of one step: of the matching term (τ) and of the adherence term (τ', which may be τ). */
export interface StepLevels {
  readonly matching: NoiseLevel;
  readonly adherence: NoiseLevel;
}

/** The step whose cameras and noise a step uses: the first one's while the views settle, then its own. */
export function drawStep({ guidance, steps }: GuidedRun, step: number): number {
  return step < guidance.settle * steps ? 0 : step;
}

/** Draws τ and τ' of a step from the counters: the same for every run of one seed. */
export function drawLevels(
  settings: GuidedRun,
  alphaBar: ArrayLike<number>,
  step: number,
): StepLevels {
  const { seed, steps, guidance } = settings;
  const low = scheduled(guidance.minTimestep, step, steps);
  const high = scheduled(guidance.maxTimestep, step, steps);
  const at = (counter: Counter, stream: number) =>
    noiseLevel(alphaBar, low + (high - low) * uniform(...counter), stream);
  const matching = at([seed, streams.timestep, step, 0], streams.noise);
  const adherence = guidance.sharedTimestep
    ? matching
    : at([seed, streams.guidanceTimestep, step, 0], streams.guidanceNoise);
  return { matching, adherence };
}

/** τ' of the fake score's own denoising step `update`: uniform over all timesteps (Wang et al. 2023). */
export function drawFakeLevel(
  seed: number,
  alphaBar: ArrayLike<number>,
  step: number,
  update: number,
): NoiseLevel {
  return noiseLevel(alphaBar, uniform(seed, streams.fakeTimestep, step, update), streams.fakeNoise);
}

/** The level at a fraction of the model's timesteps. */
export function noiseLevel(
  alphaBar: ArrayLike<number>,
  fraction: number,
  stream: number,
): NoiseLevel {
  const last = alphaBar.length - 1;
  const timestep = Math.max(0, Math.min(last, Math.floor(fraction * alphaBar.length)));
  const value = alphaBar[timestep]!;
  return { timestep, alpha: Math.sqrt(value), sigma: Math.sqrt(1 - value), stream };
}

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
