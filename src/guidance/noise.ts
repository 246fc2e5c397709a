import code from '../../shaders/guidance/noise.wgsl';
import type { Gpu } from '../gpu/device';
import { type Dispatch, Shader, type Uniforms } from '../gpu/kernel';
import type { NoiseLevel } from './noise_level';

/** Sizes and conventions that the guidance kernels are compiled for. */
export interface GuidanceShape {
  /** V. */
  readonly views: number;
  /** V·C·H·W. */
  readonly elements: number;
  /** V·H·W. */
  readonly pixels: number;
  /** Length of the model's noise schedule. */
  readonly timesteps: number;
  /** What the model predicts. */
  readonly prediction: 'v' | 'epsilon';
  /** Whether the values are latents: none is alpha, and they have no bounds. */
  readonly latent?: boolean;
}

export interface NoisingBuffers {
  /** f32 [V, C, H, W] in [0, 1]. */
  readonly views: GPUBuffer;
  /** f32 [slots, V, C, H, W], written. */
  readonly z: GPUBuffer;
  /** f32 [V, C, H, W], written by `recordTarget`. */
  readonly target?: GPUBuffer;
  /** f32 [V, C, H, W]: ε of all levels; drawn for each unless given. */
  readonly given?: GPUBuffer | undefined;
}

/** z_τ = α_τ (2x − 1) + σ_τ ε for one or more noise levels of the same views. */
export class Noising {
  readonly #uniforms: Uniforms;
  readonly #forward: Dispatch;
  readonly #target: Dispatch | undefined;
  readonly #elements: number;
  readonly #slots: number;

  constructor(gpu: Gpu, shape: GuidanceShape, slots: number, buffers: NoisingBuffers) {
    const shader = new Shader(gpu, 'guidance.noise', code, {
      elements: shape.elements,
      slots,
      velocity: shape.prediction === 'v' ? 1 : 0,
    });
    this.#elements = shape.elements;
    this.#slots = slots;
    this.#uniforms = shader.uniforms('noising');
    const noising = this.#uniforms.buffer;
    const { views, z, given } = buffers;
    this.#forward = given
      ? shader.bind('forward_given', { noising, views, z, given })
      : shader.bind('forward', { noising, views, z });
    this.#target = buffers.target
      ? shader.bind('denoising_target', {
          noising,
          views,
          denoised: buffers.target,
        })
      : undefined;
  }

  /** Sets the levels of the next submit, one for each slot. `step` counts the noise draws. */
  begin(seed: number, step: number, levels: readonly NoiseLevel[]): void {
    const slot = levels.map(({ alpha, sigma, stream }) => ({
      alpha,
      sigma,
      noise_stream: stream,
    }));
    this.#uniforms.write({ seed, step, slot });
  }

  record(pass: GPUComputePassEncoder): void {
    this.#forward.record(pass, Math.ceil((this.#elements * this.#slots) / 64));
  }

  /** Also writes what the model should predict at the level of slot 0. */
  recordTarget(pass: GPUComputePassEncoder): void {
    if (!this.#target) throw new Error('This noising was made without a target buffer.');
    this.#target.record(pass, Math.ceil(this.#elements / 64));
  }

  dispose(): void {
    this.#uniforms.dispose();
  }
}
