import type { Image } from '../image/image';

/** Wall time of a step's parts, in milliseconds. */
export interface StepTimes {
  readonly denoiser: number;
  readonly generator: number;
  readonly rest: number;
}

/** What one step did. Terms and the views' gradient are root mean squares over elements, the rest Euclidean norms. */
export interface StepReport {
  readonly step: number;
  /** Where the first view's camera stood, in degrees. */
  readonly camera: { readonly azimuth: number; readonly elevation: number };
  /** τ of the distribution-matching and τ' of the guidance term. */
  readonly timesteps: { readonly dm: number; readonly cfg: number };
  readonly terms: { readonly dm: number; readonly cfg: number };
  /** Of the views, and of each group of the generator's parameters. */
  readonly gradientNorms: Readonly<Record<string, number>> & { readonly views: number };
  /** Denoising loss of ψ and the norm of its gradient, of the last update; null without a fake score. */
  readonly fake: { readonly loss: number; readonly gradientNorm: number } | null;
  /** Gradient accumulators that overflowed. */
  readonly saturations: number;
  readonly milliseconds: StepTimes;
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
