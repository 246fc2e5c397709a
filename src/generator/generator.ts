import { LimbeckError } from '../errors';
import type { FieldSettings } from '../field/settings';
import type { Snapshot } from '../gpu/snapshot';
import type { Work } from '../gpu/submission';
import type { PngEncoder } from '../image/png';
import type { AdamStats } from '../optim/adam';
import type { OptimSettings } from '../optim/settings';
import type { Camera } from '../render/camera';
import type { LossSettings, RenderSettings } from '../render/settings';
import type { ShadingMode } from '../render/shading_mode';
import type { SettingsAt } from '../schema';

/** What a generator reads of a run's settings. */
export interface GeneratorSettings {
  readonly field: FieldSettings;
  readonly render: RenderSettings;
  readonly optim: OptimSettings;
  readonly loss: LossSettings;
}

/** What a generator is told of a step. */
export interface GeneratorDraw {
  readonly step: number;
  readonly seed: number;
  /** One camera for each view. */
  readonly cameras: readonly Camera[];
  /** Rays of a pixel, which is their mean. */
  readonly raysPerPixel: number;
  /** The settings, each schedule at its value of this step. */
  readonly now: SettingsAt<GeneratorSettings>;
}

/** What a picture shows, where the generator leaves a choice. */
export interface PictureOptions {
  /** Views all around. */
  readonly count?: number;
  /** Their side in pixels. */
  readonly size?: number;
  /** Default unlit: the colour as it was trained. */
  readonly shading?: ShadingMode;
}

/** What a still shows, and how fine. */
export interface StillView {
  readonly cameras: readonly Camera[];
  /** Side of the views in pixels. */
  readonly size: number;
  /** Default 1. */
  readonly raysPerPixel?: number;
  /** Steps across the object, relative to those in training. Default 2. */
  readonly samples?: number;
  /** Default unlit: the colour as it was trained. */
  readonly shading?: ShadingMode;
}

/** Square views. */
export interface Picture {
  /** f32 [count, 4, size, size], premultiplied RGBA. */
  readonly views: Float32Array;
  readonly count: number;
  readonly size: number;
}

/** What files are called, without their extensions, and what they show. */
export interface OutputNames {
  readonly file?: string;
  readonly prompt: string;
}

export interface OutputFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * x = g(θ), what is distilled: views that depend on parameters, the pullback of a gradient on the views, and the
 * update of the parameters. `forward`, `backward` and `step` record and do nothing else: no wait, no submit, no
 * allocation. A step is submitted before the next one is recorded.
 */
export interface Generator {
  /** f32 [V, 4, H, W], written by `forward`: x, RGB premultiplied by alpha, then alpha; row 0 at the top. */
  readonly views: GPUBuffer;
  /** f32 [V, 4, H, W]: ∂L/∂x, to be filled before `backward`. */
  readonly viewGradients: GPUBuffer;
  /** f32 [V, H, W], written by `forward`: distance of what a pixel shows, 0 where that is nothing; none of pictures. */
  readonly depth?: GPUBuffer;
  /** Records x = g(θ). */
  forward(work: Work, draw: GeneratorDraw): void;
  /** Records ∂L/∂θ = (∂g/∂θ)ᵀ ∂L/∂x of the last `forward`. */
  backward(work: Work): void;
  /** Records the update of θ. */
  step(work: Work, draw: GeneratorDraw): void;
  /** What the last `step` saw, once it was submitted. */
  stats(): Promise<AdamStats>;
  /** Called once, after the last step of a run. */
  finish(): Promise<void>;
  /** Views of θ as it is. @returns f32 [V, 4, size, size], premultiplied RGBA. */
  still(view: StillView): Promise<Float32Array>;
  /** What it has become, for people. */
  picture(options?: PictureOptions): Promise<Picture>;
  /** The same as files, the first being the one to open. @throws EmptyFieldError when there is nothing. */
  files(encodePng: PngEncoder, names: OutputNames): Promise<OutputFile[]>;
  /** Copies of all that the next step depends on. */
  snapshot(): Promise<Snapshot>;
  /** Goes on from a snapshot. @throws LimbeckError naming an array that is missing or of another size. */
  restore(snapshot: Snapshot): void;
  dispose(): void;
}

/** Thrown when a gradient is NaN or infinite; the parameters were not updated by it. */
export class NonFiniteGradientError extends LimbeckError {
  override readonly name = 'NonFiniteGradientError';
}

/** @throws NonFiniteGradientError when the update of a step saw a gradient that is NaN or infinite. */
export function checkFinite({ nonFinite }: Pick<AdamStats, 'nonFinite'>, step: number): void {
  if (nonFinite === 0) return;
  throw new NonFiniteGradientError(
    `The gradient of step ${step} is not finite (${nonFinite} parameters): θ was left as step ${step - 1} made it.`,
    'Resume from the last checkpoint with a lower learning rate (--optim.tableLearningRate) or guidance scale.',
  );
}
