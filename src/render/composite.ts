import code from '../../shaders/render/composite.wgsl';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { type Dispatch, Shader, type Uniforms } from '../gpu/kernel';
import { type March, pixelsOf, type RayShape } from './march';
import type { PointEvaluator } from './radiance_field';

const lanes = 64;

/** Weights of the losses that composite.backward adds; both are means over pixels. */
export interface Regularisers {
  /** Of sqrt(o^2 + 0.01), o the opacity of a pixel: pulls towards emptiness. */
  readonly sparsity: number;
  /** Of the binary entropy of o: pulls towards 0 or 1. */
  readonly opaque: number;
}

/** Composites points to views, and gradients of views to gradients of points. */
export class Composite {
  /** f32 [V, 4, H, W], RGB premultiplied by alpha, then alpha; row 0 at the top. */
  readonly views: GPUBuffer;
  /** f32 [V, 4, H, W]: dL/dviews, the input of backward. */
  readonly viewGradients: GPUBuffer;
  /** f32 [V, H, W]: expected distance from the camera, 0 where the pixel is empty. */
  readonly depth: GPUBuffer;
  readonly #arena: Arena;
  readonly #regularisers: Uniforms;
  readonly #forward: Dispatch;
  readonly #backward: Dispatch | undefined;
  readonly #forwardGroups: number;
  readonly #backwardGroups: number;

  /**
   * @param earlyStop transmittance in [0, 1) at which a ray ends; 0 never ends one.
   * @param gradient whether backward will be recorded; it needs all views in one tile.
   */
  constructor(
    gpu: Gpu,
    shape: RayShape,
    tilePixels: number,
    march: Pick<March, 'rayPoints' | 'points' | 'tile'>,
    evaluated: Pick<PointEvaluator, 'values' | 'valueGradients'>,
    { earlyStop, gradient }: { readonly earlyStop: number; readonly gradient: boolean },
  ) {
    const pixels = pixelsOf(shape);
    this.#arena = new Arena(gpu, 'composite');
    this.views = this.#arena.allocate('views', pixels * 4);
    this.depth = this.#arena.allocate('depth', pixels);
    this.viewGradients = this.#arena.allocate('viewGradients', gradient ? pixels * 4 : 0);
    const shader = new Shader(gpu, 'render.composite', code, {
      pixels,
      tile_pixels: tilePixels,
      view_pixels: shape.width * shape.height,
      rays_per_pixel: shape.raysPerPixel,
      step_length: 2 / shape.samplesPerRay,
      early_stop: earlyStop,
    });
    this.#regularisers = shader.uniforms('regularisers');
    const resources = {
      ray_points: march.rayPoints,
      values: evaluated.values,
      positions: march.points.positions,
      tile: march.tile,
      views: this.views,
      depth: this.depth,
      view_gradients: this.viewGradients,
      ...(gradient && { value_gradients: evaluated.valueGradients }),
      regularisers: this.#regularisers.buffer,
    };
    this.#forward = shader.bind('forward', resources);
    this.#forwardGroups = Math.ceil(tilePixels / lanes);
    this.#backward = gradient ? shader.bind('backward', resources) : undefined;
    this.#backwardGroups = Math.ceil((pixels * shape.raysPerPixel) / lanes);
  }

  /** Queues the upload of the regularisers' weights. */
  begin(regularisers: Regularisers): void {
    this.#regularisers.write({ ...regularisers });
  }

  /** Records points -> pixels of the current tile. */
  forward(pass: GPUComputePassEncoder): void {
    this.#forward.record(pass, this.#forwardGroups);
  }

  /** Records dL/dviews -> dL/dvalues. @throws Error when built for forward only. */
  backward(pass: GPUComputePassEncoder): void {
    if (!this.#backward) {
      throw new Error('This renderer was built without gradients: pass { gradient: true }.');
    }
    this.#backward.record(pass, this.#backwardGroups);
  }

  dispose(): void {
    this.#arena.dispose();
    this.#regularisers.dispose();
  }
}
