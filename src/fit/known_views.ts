import { LimbeckError } from '../errors';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { viewAt } from '../image/views';
import type { ObjectMesh } from '../object/object_mesh';
import { rasterise } from '../object/rasterise';
import { type Camera, fittingDistance, orbitCamera, ringCameras } from '../render/camera';
import { stepViews } from './certain_views';

/** Vertical field of view of all cameras, in degrees. */
const fovy = 40;
/** Radius of the sphere that just fits a view: a little room around the object. */
const framed = 1.05;
const distance = fittingDistance(fovy, framed);

/** Samples along a pixel's side in the views that a field is fitted to. */
const fittedSamples = 2;

/**
 * Cameras spread evenly over the sphere, from pole to pole, looking at the origin: a Fibonacci
 * lattice (Swinbank and Purser 2006).
 * @param turn of the lattice about the y axis, in degrees.
 */
export function sphereCameras(count: number, turn = 0): Camera[] {
  const golden = 180 * (3 - Math.sqrt(5));
  return Array.from({ length: count }, (_, i) =>
    orbitCamera({
      azimuth: turn + i * golden,
      elevation: (Math.asin(1 - (2 * i + 1) / count) * 180) / Math.PI,
      distance,
      fovy,
    }),
  );
}

/** Cameras around the object, a little above it. */
export const turntableCameras = (count: number): Camera[] =>
  ringCameras(count, { elevation: 15, distance, fovy });

/** How many views of an object are known, evenly spread over the sphere. */
const knownCount = 100;

/**
 * The views that a field is fitted to, on the GPU as point samples. Each has a buffer of its own, since
 * all together may be more than can be bound; those of a step are copied together.
 */
export class KnownViews {
  /** u32 [views of a step, side, side]: RGBA8; what `choose` copied last. */
  readonly samples: GPUBuffer;
  readonly cameras: readonly Camera[];
  /** Samples along a view's side. */
  readonly side: number;
  /** Cells along a view's side through whose centres alone rays are known; 0 where samples are means over pixels. */
  readonly lattice: number;
  readonly #arena: Arena;
  readonly #views: readonly GPUBuffer[];

  /** @param draw gives the samples of a view, u8 [side, side, 4]. */
  private constructor(
    gpu: Gpu,
    cameras: readonly Camera[],
    side: number,
    lattice: number,
    draw: (camera: Camera, view: number) => Uint8Array<ArrayBuffer>,
  ) {
    this.cameras = cameras;
    this.side = side;
    this.lattice = lattice;
    this.#arena = new Arena(gpu, 'fit.known_views');
    const words = side ** 2;
    this.samples = this.#arena.allocate('samples', stepViews.count * words);
    this.#views = cameras.map((camera, i) => {
      const view = this.#arena.allocate(`view ${i}`, words);
      gpu.device.queue.writeBuffer(view, 0, draw(camera, i));
      return view;
    });
  }

  /**
   * Views of an object from all around, finer than `size`: their edges are not smoothed.
   * @param size of the views in pixels.
   * @throws LimbeckError when the adapter cannot bind a step's views of that size; names the largest that fits.
   */
  static ofObject(gpu: Gpu, mesh: ObjectMesh, size: number): KnownViews {
    const { maxStorageBufferBindingSize, maxBufferSize } = gpu.device.limits;
    const limit = Math.min(maxStorageBufferBindingSize, maxBufferSize);
    const largest = Math.floor(Math.sqrt(limit / 4 / stepViews.count) / fittedSamples);
    if (size > largest) {
      throw new LimbeckError(
        `${stepViews.count} views of ${size} pixels exceed what this adapter binds, ${limit} bytes: the largest size that fits is ${largest}.`,
        'Choose that or a smaller one with --size.',
      );
    }
    const side = fittedSamples * size;
    return new KnownViews(
      gpu,
      sphereCameras(knownCount),
      side,
      side,
      (camera) => rasterise(mesh, camera, side, side).rgba,
    );
  }

  /** @param views f32 [V, 4, size, size], premultiplied RGBA, one of each camera. */
  static ofViews(gpu: Gpu, views: Float32Array, cameras: readonly Camera[]): KnownViews {
    const plane = views.length / 4 / cameras.length;
    return new KnownViews(gpu, cameras, Math.sqrt(plane), 0, (_, i) => {
      const view = viewAt(views, i, cameras.length);
      return Uint8Array.from({ length: 4 * plane }, (_, k) =>
        Math.round(255 * view[(k % 4) * plane + (k >> 2)]!),
      );
    });
  }

  /** Records the copy of a step's views into `samples`. */
  choose(encoder: GPUCommandEncoder, views: readonly number[]): void {
    const bytes = 4 * this.side ** 2;
    views.forEach((view, i) => {
      encoder.copyBufferToBuffer(this.#views[view]!, 0, this.samples, i * bytes, bytes);
    });
  }

  dispose(): void {
    this.#arena.dispose();
  }
}
