import { LimbeckError } from '../errors';
import type { Prediction } from './manifest';

/** Three descriptions of one noised value: clean x, noise eps and v = alpha eps - sigma x. */
export interface Decomposition {
  readonly clean: number;
  readonly epsilon: number;
  readonly velocity: number;
}

/** A timestep of a schedule with its weights: z = alpha x + sigma eps. */
export interface ScheduleLevel {
  readonly timestep: number;
  readonly alpha: number;
  readonly sigma: number;
}

/**
 * The variance-preserving noise schedule of a prior: z = alpha x + sigma eps with alpha^2 + sigma^2 = 1
 * at integer timesteps 0 (nearly clean) to `timesteps` - 1 (nearly noise).
 */
export class NoiseSchedule {
  readonly #alphaBar: readonly number[];

  /** @param alphaBar alpha^2 of every timestep, never rising. */
  constructor(alphaBar: readonly number[]) {
    this.#alphaBar = alphaBar;
  }

  get timesteps(): number {
    return this.#alphaBar.length;
  }

  /** @throws RangeError when `timestep` is not an integer of the table. */
  alphaBar(timestep: number): number {
    const value = this.#alphaBar[timestep];
    if (value === undefined) {
      throw new RangeError(
        `Timestep ${timestep} is not in the schedule: take an integer from 0 to ${this.timesteps - 1}.`,
      );
    }
    return value;
  }

  /** The weights of the data and of the noise. @throws RangeError when `timestep` is not an integer of the table. */
  level(timestep: number): ScheduleLevel {
    const alphaBar = this.alphaBar(timestep);
    return { timestep, alpha: Math.sqrt(alphaBar), sigma: Math.sqrt(1 - alphaBar) };
  }

  /**
   * The timestep at a fraction of the table: 0 is its first entry, the cleanest. Fractions outside [0, 1) are held to its
   * ends.
   */
  timestepAt(fraction: number): number {
    const timestep = Math.floor(fraction * this.timesteps);
    return Math.max(0, Math.min(this.timesteps - 1, timestep));
  }

  /** λ = ln(alpha / sigma), half the logarithm of the signal-to-noise ratio. */
  halfLogSnr(timestep: number): number {
    const { alpha, sigma } = this.level(timestep);
    return Math.log(alpha / sigma);
  }

  /** z = alpha x + sigma eps (Ho et al. 2020, eq. 4). */
  noised(clean: number, epsilon: number, timestep: number): number {
    const { alpha, sigma } = this.level(timestep);
    return alpha * clean + sigma * epsilon;
  }

  /**
   * What a prediction at `z` says of x, eps and v (Salimans and Ho 2022, appendix D).
   * From eps, x is undefined where alpha = 0.
   */
  decompose(
    prediction: number,
    kind: Prediction | 'clean',
    z: number,
    timestep: number,
  ): Decomposition {
    const { alpha, sigma } = this.level(timestep);
    if (kind === 'v') {
      const clean = alpha * z - sigma * prediction;
      return { clean, epsilon: alpha * prediction + sigma * z, velocity: prediction };
    }
    const clean = kind === 'clean' ? prediction : (z - sigma * prediction) / alpha;
    const epsilon = kind === 'epsilon' ? prediction : (z - alpha * clean) / sigma;
    return { clean, epsilon, velocity: alpha * epsilon - sigma * clean };
  }

  /** `steps` timesteps from the noisiest down, evenly spaced and none of them twice, for a sampler. */
  samplingTimesteps(steps: number): readonly number[] {
    if (!Number.isInteger(steps) || steps < 1 || steps > this.timesteps) {
      throw new LimbeckError(
        `Sampling takes 1 to ${this.timesteps} steps, not ${steps}.`,
        'Choose a number in between.',
      );
    }
    const last = this.timesteps - 1;
    const even = Array.from({ length: steps }, (_, i) => Math.round(last * (1 - i / steps)));
    return [...new Set(even)];
  }
}
