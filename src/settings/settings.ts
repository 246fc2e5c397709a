import type { FieldOptions } from '../field/options';
import type { MeshFormat } from '../mesh/export/formats';
import type { Schedule } from './schedule';

export type Method = 'sds' | 'vsd';

/** What the noise prediction is compared with: the noise itself (SDS) or the fake score (VSD). */
export type Baseline = 'noise' | 'fake' | 'shifted';

/** w(τ) of the objective: sigma squared (DreamFusion), one, or sigma·alpha. */
export type Weighting = 'sigma_squared' | 'uniform' | 'sigma_alpha';

/**
 * Everything that decides a run, in one plain object. The panel, the command line's flags, the share
 * link and run.json are four views of it; a run is reproducible from it, the model and the adapter.
 */
export interface Settings {
  readonly prompt: string;
  readonly method: Method;
  readonly seed: number;
  readonly steps: number;
  /** What is distilled: a field, or four free pictures. */
  readonly generator: 'field' | 'pixels';
  readonly field: Omit<FieldOptions, 'densityActivation' | 'interpolation'> & {
    /** Share of the levels that take part, coarse to fine. */
    readonly activeLevels: Schedule;
  };
  readonly render: {
    readonly samplesPerRay: number;
    /**
     * Side in pixels that a prior's views are rendered at, to be averaged down to what its denoiser sees; it
     * doubles from there, to at most this. 0: what the denoiser sees. A fit's rays are as dense.
     */
    readonly size: Schedule;
    readonly raysPerPixel: number;
    readonly occupancyResolution: number;
    readonly occupancyEvery: number;
  };
  readonly guidance: {
    readonly baseline: Baseline;
    /** Weight of ε_φ(z_τ; y) − b, the distribution-matching term λ_DM. */
    readonly lambdaDm: number;
    readonly shift: number;
    readonly negative: string;
    readonly threshold: boolean;
    /** Classifier-free guidance scale s; λ_CA = s − 1 weighs ε_φ(z_τ; y) − ε_φ(z_τ; ∅). */
    readonly scale: Schedule;
    /**
     * φ, from 0 to 1: how far the guided estimate's colours get back the mean and the spread that they have
     * without guidance.
     */
    readonly rescale: number;
    /** False: the two terms draw their own τ and noise (Decoupled DMD). */
    readonly sharedTimestep: boolean;
    /** Bounds of τ as fractions of the model's timesteps. */
    readonly minTimestep: Schedule;
    readonly maxTimestep: Schedule;
    readonly weighting: Weighting;
    /**
     * Share of the run in which cameras and noise stay those of step 0: the views settle on one object,
     * as they do when the prior is sampled, before they are looked at from elsewhere.
     */
    readonly settle: number;
  };
  readonly fake: {
    readonly rank: number;
    readonly learningRate: Schedule;
    /** Denoising steps of ψ for each step of the field. */
    readonly updates: number;
  };
  readonly optim: {
    readonly tableLearningRate: Schedule;
    readonly mlpLearningRate: Schedule;
    readonly pixelLearningRate: Schedule;
  };
  readonly loss: {
    readonly sparsity: Schedule;
    readonly opaque: Schedule;
    readonly nearness: Schedule;
  };
  readonly mesh: {
    readonly resolution: number;
    /**
     * Deviation of the Gaussian that the solid is blurred with, in pixels of the prior's views: it has asked for no
     * finer detail. Thin parts become about as wide as it.
     */
    readonly blur: number;
    readonly smooth: number;
    readonly format: MeshFormat;
    /** Triangles to simplify to; 0 keeps them as extracted. */
    readonly triangles: number;
    /** Side of the baked texture; 0 for vertex colours where the format has them. */
    readonly texture: number;
  };
}

/** Settings with any part left out. */
export type PartialSettings = {
  readonly [K in keyof Settings]?: Settings[K] extends string | number
    ? Settings[K]
    : Partial<Settings[K]>;
};

/** Thrown for a setting that does not exist or cannot hold the value; names it and says what would do. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}
