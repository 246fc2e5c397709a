import code from '../../shaders/render/shading.wgsl';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { type Dispatch, Shader, type Uniforms } from '../gpu/kernel';
import { type Camera, cameraUniforms } from './camera';
import type { ShadingMode } from './shading_mode';

/** Pixels along a side of a workgroup. */
const side = 8;

/** Views this high or lower have their normals from neighbouring pixels. */
const nativeHeight = 96;

export interface ShadingOptions {
  /** What the result shows; unlit views are the renderer's own. */
  readonly mode: Exclude<ShadingMode, 'unlit'>;
  readonly views: number;
  readonly width: number;
  readonly height: number;
}

/** Views to be shaded: `Renderer` has them. */
export interface ShadingSource {
  /** f32 [V, 4, H, W]: RGB premultiplied by alpha, then alpha. */
  readonly views: GPUBuffer;
  /** f32 [V, H, W]: expected distance from the camera. */
  readonly depth: GPUBuffer;
}

/** Pixels between the pixels that a normal is taken from: the same share of a view, however large it is. */
export const tapStride = (height: number) => Math.max(1, Math.round(height / nativeHeight));

/**
 * Views of a field by another measure than colour: lit, as normals, as depth, as opacity (docs/method.md, "Shading").
 *
 * Normals stand for the density's negated gradient, in world coordinates, and are those of the surface
 * of expected depth, fitted over a few neighbours of each pixel. The gradient itself, by differences of
 * the density around that surface, takes six evaluations of the field for each pixel and is dominated by
 * the noise of a distilled density's finest levels; the expectation along each ray has it
 * averaged out, and is there already.
 */
export class Shading {
  /** f32 [V, 4, H, W]: the shaded views, RGB premultiplied by alpha, then alpha; row 0 at the top. */
  readonly views: GPUBuffer;
  readonly #arena: Arena;
  readonly #frame: Uniforms;
  readonly #shade: Dispatch;
  readonly #groups: readonly [x: number, y: number, z: number];

  /** @throws LimbeckError when the views exceed what the adapter can bind. */
  constructor(gpu: Gpu, source: ShadingSource, { mode, views, width, height }: ShadingOptions) {
    this.#arena = new Arena(gpu, 'render.shading');
    this.views = this.#arena.allocate('views', 4 * views * width * height);
    const stride = tapStride(height);
    const shader = new Shader(gpu, 'render.shading', code, { width, height, stride });
    this.#frame = shader.uniforms('frame');
    this.#shade = shader.bind(mode, {
      frame: this.#frame.buffer,
      views: source.views,
      distances: source.depth,
      shaded: this.views,
    });
    this.#groups = [Math.ceil(width / side), Math.ceil(height / side), views];
  }

  /** Queues the upload of the cameras that the source was rendered from. */
  begin(cameras: readonly Camera[]): void {
    this.#frame.write({ cameras: cameraUniforms(cameras) });
  }

  /** Records the source's views and depth -> views. */
  forward(pass: GPUComputePassEncoder): void {
    this.#shade.record(pass, ...this.#groups);
  }

  dispose(): void {
    this.#arena.dispose();
    this.#frame.dispose();
  }
}
