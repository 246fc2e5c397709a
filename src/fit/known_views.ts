import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { type Camera, fittingDistance, orbitCamera, ringCameras } from '../render/camera';
import { viewAt } from './measures';
import type { ObjectMesh } from './object_mesh';
import { boxFiltered, rasterise } from './rasterise';

/** Vertical field of view of all cameras, in degrees. */
const fovy = 40;
/** Radius of the sphere that just fits a view: a little room around the object. */
const framed = 1.05;
const distance = fittingDistance(fovy, framed);

/** Samples along a pixel's side in the views that a field is fitted to, and in those it is judged by. */
const fittedSamples = 2;
const judgedSamples = 4;

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

/** An object from given cameras: f32 [V, 4, size, size], premultiplied display sRGB. */
export function viewsOf(mesh: ObjectMesh, cameras: readonly Camera[], size: number): Float32Array {
  const views = new Float32Array(cameras.length * 4 * size * size);
  cameras.forEach((camera, i) => {
    const raster = rasterise(mesh, camera, judgedSamples * size, judgedSamples * size);
    views.set(boxFiltered(raster, judgedSamples), i * 4 * size * size);
  });
  return views;
}

/** How many views of an object are known, evenly spread over the sphere. */
const knownCount = 100;

/** The views that a field is fitted to, on the GPU as point samples. */
export class KnownViews {
  /** u32 [V, side, side]: RGBA8, alpha 0 or 255. */
  readonly samples: GPUBuffer;
  readonly cameras: readonly Camera[];
  /** Samples along a view's side. */
  readonly side: number;
  readonly #arena: Arena;

  private constructor(gpu: Gpu, cameras: readonly Camera[], side: number) {
    this.cameras = cameras;
    this.side = side;
    this.#arena = new Arena(gpu, 'fit.known_views');
    this.samples = this.#arena.allocate('samples', cameras.length * side ** 2);
  }

  /**
   * Views of an object from all around, finer than `size`: their edges are not smoothed.
   * @param size of the views in pixels.
   * @throws RangeError when the adapter cannot bind views of that size; names the largest that fits.
   */
  static ofObject(gpu: Gpu, mesh: ObjectMesh, size: number): KnownViews {
    const { maxStorageBufferBindingSize, maxBufferSize } = gpu.device.limits;
    const limit = Math.min(maxStorageBufferBindingSize, maxBufferSize);
    const largest = Math.floor(Math.sqrt(limit / 4 / knownCount) / fittedSamples);
    if (size > largest) {
      throw new RangeError(
        `${knownCount} views of ${size} pixels exceed what this adapter binds, ${limit} bytes: the largest size that fits is ${largest}.`,
      );
    }
    const known = new KnownViews(gpu, sphereCameras(knownCount), fittedSamples * size);
    known.cameras.forEach((camera, i) => {
      known.#write(gpu, i, rasterise(mesh, camera, known.side, known.side).rgba);
    });
    return known;
  }

  /** @param views f32 [V, 4, size, size], premultiplied RGBA, one of each camera. */
  static ofViews(gpu: Gpu, views: Float32Array, cameras: readonly Camera[]): KnownViews {
    const plane = views.length / 4 / cameras.length;
    const known = new KnownViews(gpu, cameras, Math.sqrt(plane));
    cameras.forEach((_, i) => {
      const view = viewAt(views, i, cameras.length);
      const rgba = new Uint8ClampedArray(4 * plane);
      for (let k = 0; k < rgba.length; k++) rgba[k] = 255 * view[(k % 4) * plane + (k >> 2)]!;
      known.#write(gpu, i, rgba);
    });
    return known;
  }

  dispose(): void {
    this.#arena.dispose();
  }

  /** @param rgba u8 [side, side, 4] of one view. */
  #write({ device }: Gpu, view: number, rgba: Uint8Array | Uint8ClampedArray): void {
    device.queue.writeBuffer(this.samples, 4 * view * this.side ** 2, rgba as BufferSource);
  }
}
