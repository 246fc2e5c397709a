import type { Submission } from '../../gpu/submission';

/** The views and their gradient, f32 [V, 4, H, W]: premultiplied RGB, then alpha. */
export interface SpaceViews {
  readonly views: GPUBuffer;
  readonly viewGradients: GPUBuffer;
}

/** What a space is told of a step. */
export interface SpaceDraw {
  readonly seed: number;
  /** The step whose background is drawn. */
  readonly noiseStep: number;
}

/**
 * What lies between views and a model: what the model sees of them, and the pullback of a gradient on that. C, h and w are
 * the model's (`seenOf`).
 */
export interface Space {
  /** f32 [V, C, h, w]: 2 input − 1 is what the model sees. */
  readonly input: GPUBuffer;
  /** f32 [V, C, h, w]: ∂L/∂input, to be filled before `backward`. */
  readonly inputGradient: GPUBuffer;
  /** views -> input, of what was recorded into `work`; may submit it, and may run a network. */
  forward(work: Submission, draw: SpaceDraw): Promise<void>;
  /** ∂L/∂input -> ∂L/∂views, in the same way. */
  backward(work: Submission): Promise<void>;
  dispose(): void;
}
