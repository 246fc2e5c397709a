import code from '../../shaders/guidance/moments.wgsl';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { type Dispatch, Shader, type Uniforms } from '../gpu/kernel';
import type { Work } from '../gpu/submission';
import type { GuidanceShape } from './noise';
import type { QueryDraw } from './queries';

/** What the regulariser reads and adds to, f32 [V, C, H, W] each. */
export interface MomentsBuffers {
  /** In [0, 1]: what the models see of the views. */
  readonly input: GPUBuffer;
  /** ∂L/∂input. */
  readonly inputGradient: GPUBuffer;
}

/** Holds mean and variance of each view to those of good ones (Decoupled DMD, Liu et al. 2025, eq. 7). */
export class Moments {
  readonly #arena: Arena;
  readonly #uniforms: Uniforms;
  readonly #measure: Dispatch;
  readonly #add: Dispatch;
  readonly #shape: GuidanceShape;

  constructor(gpu: Gpu, shape: GuidanceShape, { input, inputGradient }: MomentsBuffers) {
    const { elements, pixels, views } = shape;
    const each = elements / views;
    const shader = new Shader(gpu, 'guidance.moments', code, { elements, pixels, each });
    this.#shape = shape;
    this.#arena = new Arena(gpu, 'guidance.moments');
    const moments = this.#arena.allocate('moments', 2 * views);
    this.#uniforms = shader.uniforms('goal');
    this.#measure = shader.bind('measure', { views: input, moments });
    this.#add = shader.bind('add_gradient', {
      goal: this.#uniforms.buffer,
      views: input,
      moments,
      gradient: inputGradient,
    });
  }

  /** Records what is added to the gradient of a step; nothing where the settings give it no weight. */
  gradient(work: Work, { now: { guidance } }: Pick<QueryDraw, 'now'>): void {
    if (guidance.lambdaMoments === 0) return;
    this.#uniforms.write({
      weight: guidance.lambdaMoments,
      mean: guidance.momentsMean,
      variance: guidance.momentsVariance,
    });
    this.#measure.record(work.pass, this.#shape.views);
    this.#add.record(work.pass, Math.ceil(this.#shape.elements / 64));
  }

  dispose(): void {
    this.#uniforms.dispose();
    this.#arena.dispose();
  }
}
