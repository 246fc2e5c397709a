import code from '../../shaders/render/composite.wgsl';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { type Dispatch, Shader, type Uniforms } from '../gpu/kernel';
import { type March, pixelsOf, type RayShape } from './march';
import type { PointEvaluator } from './radiance_field';
import type { LossSettings } from './settings';

const lanes = 64;

/** Weights that the losses of the settings' group `loss` have in one step; `composite.backward` adds them. */
export type Regularisers = { readonly [K in keyof LossSettings]: number };

export const noRegularisers: Regularisers = { sparsity: 0, opaque: 0, nearness: 0 };

/** Composites points to views, and gradients of views to gradients of points. */
export class Composite {
  /** f32 [V, 4, H, W], RGB premultiplied by alpha, then alpha; row 0 at the top. */
  readonly views: GPUBuffer;
  /** f32 [V, 4, H, W]: dL/dviews, the input of backward. */
  readonly viewGradients: GPUBuffer;
  /** f32 [V, H, W]: expected distance from the camera, 0 where the pixel is empty. */
  readonly depth: GPUBuffer;
  readonly #arena: Arena;
  readonly #frame: Uniforms;
  readonly #raysPerPixel: number;
  readonly #forward: Dispatch;
  readonly #backward: Dispatch | undefined;
  readonly #tileRays: number;
  #pixelGroups = 0;

  /**
   * @param earlyStop transmittance in [0, 1) at which a ray ends; 0 never ends one.
   * @param gradient whether backward will be recorded.
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
    const tileRays = tilePixels * shape.raysPerPixel;
    this.#arena = new Arena(gpu, 'composite');
    this.views = this.#arena.allocate('views', pixels * 4);
    this.depth = this.#arena.allocate('depth', pixels);
    this.viewGradients = this.#arena.allocate('viewGradients', gradient ? pixels * 4 : 0);
    const shader = new Shader(gpu, 'render.composite', code, {
      pixels,
      tile_rays: tileRays,
      view_pixels: shape.width * shape.height,
      step_length: 2 / shape.samplesPerRay,
      early_stop: earlyStop,
    });
    this.#frame = shader.uniforms('frame');
    this.#raysPerPixel = shape.raysPerPixel;
    this.#tileRays = tileRays;
    this.begin(noRegularisers);
    const resources = {
      ray_points: march.rayPoints,
      values: evaluated.values,
      positions: march.points.positions,
      tile: march.tile,
      views: this.views,
      depth: this.depth,
      view_gradients: this.viewGradients,
      ...(gradient && { value_gradients: evaluated.valueGradients }),
      frame: this.#frame.buffer,
    };
    this.#forward = shader.bind('forward', resources);
    this.#backward = gradient ? shader.bind('backward', resources) : undefined;
  }

  /**
   * Queues the upload of the regularisers' weights.
   * @param raysPerPixel of the frame: a divisor of the shape's.
   */
  begin(regularisers: Regularisers, raysPerPixel = this.#raysPerPixel): void {
    this.#frame.write({ ...regularisers, rays_per_pixel: raysPerPixel });
    this.#pixelGroups = Math.ceil(this.#tileRays / raysPerPixel / lanes);
  }

  /** Records points -> pixels of the current tile. */
  forward(pass: GPUComputePassEncoder): void {
    this.#forward.record(pass, this.#pixelGroups);
  }

  /** Records dL/dviews -> dL/dvalues of the current tile. @throws Error when built for forward only. */
  backward(pass: GPUComputePassEncoder): void {
    if (!this.#backward) {
      throw new Error('This renderer was built without gradients: pass { gradient: true }.');
    }
    this.#backward.record(pass, Math.ceil(this.#tileRays / lanes));
  }

  dispose(): void {
    this.#arena.dispose();
    this.#frame.dispose();
  }
}
