import code from '../../../shaders/prior/space.wgsl';
import { Arena } from '../../gpu/arena';
import type { Gpu } from '../../gpu/device';
import { type Dispatch, Shader, type Uniforms } from '../../gpu/kernel';
import type { Submission } from '../../gpu/submission';
import { streams, uniform } from '../../random';
import type { Manifest } from '../manifest';
import type { Space, SpaceDraw, SpaceViews } from './space';

/** Where pictures and their gradient lie, f32 [V, 3, H, W] each. */
export interface RgbBuffers {
  readonly input: GPUBuffer;
  readonly inputGradient: GPUBuffer;
}

/** A model of RGB sees the views over a background b: c = C + (1 − A) b. */
export class RgbSpace implements Space {
  readonly input: GPUBuffer;
  readonly inputGradient: GPUBuffer;
  readonly #background: Manifest['background'];
  readonly #pixels: number;
  readonly #arena: Arena;
  readonly #uniforms: Uniforms;
  readonly #forward: Dispatch;
  readonly #backward: Dispatch;

  /** @param buffers of others that see the pictures; its own unless given. */
  constructor(
    gpu: Gpu,
    manifest: Pick<Manifest, 'views' | 'resolution' | 'background'>,
    { views, viewGradients }: SpaceViews,
    buffers?: RgbBuffers,
  ) {
    const plane = manifest.resolution ** 2;
    this.#background = manifest.background;
    this.#pixels = manifest.views * plane;
    this.#arena = new Arena(gpu, 'prior.space');
    this.input = buffers?.input ?? this.#arena.allocate('input', 3 * this.#pixels);
    this.inputGradient =
      buffers?.inputGradient ?? this.#arena.allocate('input_gradient', 3 * this.#pixels);
    const shader = new Shader(gpu, 'prior.space', code, { pixels: this.#pixels, plane });
    this.#uniforms = shader.uniforms('background');
    const background = this.#uniforms.buffer;
    this.#forward = shader.bind('forward', { background, views, model_input: this.input });
    this.#backward = shader.bind('backward', {
      background,
      input_gradient: this.inputGradient,
      view_gradients: viewGradients,
    });
  }

  async forward(work: Submission, { seed, noiseStep }: SpaceDraw): Promise<void> {
    const colour =
      this.#background === 'random'
        ? [0, 1, 2].map((c) => uniform(seed, streams.background, noiseStep, c))
        : this.#background;
    this.#uniforms.write({ colour });
    this.#forward.record(work.pass, Math.ceil(this.#pixels / 64));
  }

  async backward(work: Submission): Promise<void> {
    this.#backward.record(work.pass, Math.ceil(this.#pixels / 64));
  }

  dispose(): void {
    this.#uniforms.dispose();
    this.#arena.dispose();
  }
}
