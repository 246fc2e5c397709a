import code from '../../shaders/prior/space.wgsl';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { type Dispatch, Shader, type Uniforms } from '../gpu/kernel';
import type { Work } from '../gpu/submission';
import { streams, uniform } from '../random';
import type { Manifest } from './manifest';

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

/** What lies between views and a model: what the model sees of them, and the pullback of a gradient on that. */
export interface Space {
  /** f32 [V, C, H, W] in [0, 1]: what the model sees. */
  readonly input: GPUBuffer;
  /** f32 [V, C, H, W]: ∂L/∂input, to be filled before `backward`. */
  readonly inputGradient: GPUBuffer;
  /** Records views -> input. */
  forward(work: Work, draw: SpaceDraw): void;
  /** Records ∂L/∂input -> ∂L/∂views. */
  backward(work: Work): void;
  dispose(): void;
}

/** The space of a prior: its manifest's channels and background. */
export function spaceOf(gpu: Gpu, manifest: Manifest, views: SpaceViews): Space {
  return manifest.channels === 4 ? new RgbaSpace(views) : new RgbSpace(gpu, manifest, views);
}

/** A model that sees premultiplied RGBA sees the views themselves. */
class RgbaSpace implements Space {
  readonly input: GPUBuffer;
  readonly inputGradient: GPUBuffer;

  constructor({ views, viewGradients }: SpaceViews) {
    this.input = views;
    this.inputGradient = viewGradients;
  }

  forward(): void {}

  backward(): void {}

  dispose(): void {}
}

/** A model of RGB sees the views over a background b: c = C + (1 − A) b. */
class RgbSpace implements Space {
  readonly input: GPUBuffer;
  readonly inputGradient: GPUBuffer;
  readonly #background: Manifest['background'];
  readonly #pixels: number;
  readonly #arena: Arena;
  readonly #uniforms: Uniforms;
  readonly #forward: Dispatch;
  readonly #backward: Dispatch;

  constructor(gpu: Gpu, manifest: Manifest, { views, viewGradients }: SpaceViews) {
    const plane = manifest.resolution ** 2;
    this.#background = manifest.background;
    this.#pixels = manifest.views * plane;
    this.#arena = new Arena(gpu, 'prior.space');
    this.input = this.#arena.allocate('input', 3 * this.#pixels);
    this.inputGradient = this.#arena.allocate('input_gradient', 3 * this.#pixels);
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

  forward(work: Work, { seed, noiseStep }: SpaceDraw): void {
    const colour =
      this.#background === 'random'
        ? [0, 1, 2].map((c) => uniform(seed, streams.background, noiseStep, c))
        : this.#background;
    this.#uniforms.write({ colour });
    this.#forward.record(work.pass, Math.ceil(this.#pixels / 64));
  }

  backward(work: Work): void {
    this.#backward.record(work.pass, Math.ceil(this.#pixels / 64));
  }

  dispose(): void {
    this.#uniforms.dispose();
    this.#arena.dispose();
  }
}
