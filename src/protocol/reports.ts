import type { Image } from '../image/image';

/** Wall time of a step's parts, in milliseconds. */
export interface StepTimes {
  readonly denoiser: number;
  readonly generator: number;
  readonly rest: number;
}

/** What every step reports. */
interface AnyStep {
  readonly step: number;
  /** Where the first view's camera stood, in degrees. */
  readonly camera: { readonly azimuth: number; readonly elevation: number };
  /** Predictions of all views for one text, by the frozen model or the fake score. */
  readonly calls: number;
  /** Gradient accumulators that overflowed. */
  readonly saturations: number;
  readonly milliseconds: StepTimes;
}

/** A step of score distillation. Terms and the views' gradient are root mean squares over elements, the rest Euclidean norms. */
export interface DistilReport extends AnyStep {
  readonly act: 'distil';
  /** τ of the distribution-matching and τ' of the guidance term. */
  readonly timesteps: { readonly dm: number; readonly cfg: number };
  readonly terms: { readonly dm: number; readonly cfg: number };
  /** Of the views, and of each group of the generator's parameters. */
  readonly gradientNorms: Readonly<Record<string, number>> & { readonly views: number };
  /** Denoising loss of ψ and the norm of its gradient, of the last update; null without a fake score. */
  readonly fake: { readonly loss: number; readonly gradientNorm: number } | null;
  /** What the reward says of the views; absent where the step gave it no weight. */
  readonly reward?: number;
}

/** An evaluation on the way to views that the prior draws. */
export interface DrawReport extends AnyStep {
  readonly act: 'draw';
  /** Views from noise are group 0, those of each round one more. */
  readonly group: number;
  /** The noise level of what the network was shown. */
  readonly timestep: number;
}

/** A step towards views that the prior drew. */
export interface FitReport extends AnyStep {
  readonly act: 'fit';
  /** The mean error of the step's rays. */
  readonly loss: number;
  /** Of each group of the generator's parameters. */
  readonly gradientNorms: Readonly<Record<string, number>>;
}

/** What one step did. */
export type StepReport = DistilReport | DrawReport | FitReport;

/** What is measured of an object, for comparison. A number that could not be measured is null. */
export interface Measures {
  /** Place of the prompt among `captions`, by the scorer; 0 is the first. */
  readonly rank: number;
  readonly captions: number;
  /** Natural logarithm of the share that the scorer gives the prompt. */
  readonly logShare: number;
  /** Mean of alpha weighted by alpha. */
  readonly opacity: number | null;
  /** Root mean square distance of colours from their mean. */
  readonly colourSpread: number | null;
  /** Of ∂L/∂x under fresh noise, relative to its mean square; null where no step has such a gradient. */
  readonly gradientVariance: number | null;
}

/** One thing that a step saw or found: the views side by side. */
export interface WatchedRow {
  /** Fit for the name of a file. */
  readonly id: string;
  /** Its symbol, as in docs/method.md. */
  readonly title: string;
  /** What is to be seen, in words. */
  readonly summary: string;
  /** Of a quantity with a sign, which grey shows as zero: what white stands for; null for a picture. */
  readonly range: number | null;
  readonly image: Image;
}

/** What a step saw, for people. */
export interface WatchedStep {
  readonly step: number;
  readonly rows: readonly WatchedRow[];
}

/** Takes what a step saw. Whether somebody watches changes no bit of the step. */
export type Watch = (watched: WatchedStep) => void;

/** A setting that a run has from a step on, changed while it ran. */
export interface SettingsChange {
  readonly step: number;
  /** As in `settingValues`: 'guidance.scale'. */
  readonly path: string;
  readonly value: unknown;
}
