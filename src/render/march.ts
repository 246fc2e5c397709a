import code from '../../shaders/render/march.wgsl';
import { LimbeckError } from '../errors';
import type { Points } from '../field/points';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { type Dispatch, Shader, type Uniforms } from '../gpu/kernel';
import { streams } from '../random';
import { type Camera, cameraUniforms } from './camera';

/** Most views of one renderer: the size of the cameras' uniform. */
const maxViews = 128;

const lanes = 64;
/** Most points or rays of a tile: a dispatch has at most 65535 workgroups in x, WebGPU's default limit. */
export const mostPoints = lanes * 65535;

/** What is rendered: the rays of V views and their steps. */
export interface RayShape {
  readonly views: number;
  readonly width: number;
  readonly height: number;
  /** Averaged over each pixel (box filter), one in each cell of a rows x columns grid. */
  readonly raysPerPixel: number;
  /** Steps across the unit ball's diameter; the step is 2 / samplesPerRay. */
  readonly samplesPerRay: number;
}

/** What decides the rays of one rendering. */
export interface Frame {
  readonly cameras: readonly Camera[];
  readonly seed: number;
  readonly step: number;
  /** False: rays and steps at the centres of their cells, for previews. Default true. */
  readonly jitter?: boolean;
  /** A divisor of the shape's, which is the default. */
  readonly raysPerPixel?: number;
  /** Cells along each side of a view, through whose centres alone rays go. Default 0: they go anywhere. */
  readonly lattice?: number;
}

export const pixelsOf = (shape: RayShape) => shape.views * shape.width * shape.height;

/** Rows and columns of the cells that the rays of a pixel are drawn from: as square as divisors allow. */
export function subpixelGrid(raysPerPixel: number): { rows: number; columns: number } {
  let rows = Math.floor(Math.sqrt(raysPerPixel));
  while (raysPerPixel % rows !== 0) rows--;
  return { rows, columns: raysPerPixel / rows };
}

/**
 * Pixels of a tile of at most `points` points when every step of every ray is one, but at least as many
 * as it takes for a tile's rays to fill whole chunks of 64.
 */
export function tilePixelsFor(shape: RayShape, points: number): number {
  const wanted = Math.floor(points / (shape.raysPerPixel * shape.samplesPerRay));
  const whole = lanes / greatestDivisor(lanes, shape.raysPerPixel);
  if (wanted >= pixelsOf(shape)) return Math.ceil(pixelsOf(shape) / whole) * whole;
  return Math.max(1, Math.floor(wanted / whole)) * whole;
}

/** Of both. */
const greatestDivisor = (a: number, b: number): number => (b === 0 ? a : greatestDivisor(b, a % b));

/** Marches the rays of a tile: occupied steps become packed points, in ray order. */
export class March {
  /** The occupied steps: xyz, w = distance along the ray. */
  readonly points: Points;
  /** u32 [tile rays, 2]: offset and count of a ray's points. */
  readonly rayPoints: GPUBuffer;
  /** u32: the first ray of the tile that is marched next. */
  readonly tile: GPUBuffer;
  /** u32 [2]: points that the last tile asked for, and the most that any has; beyond capacity, rays are cut. */
  readonly demand: GPUBuffer;
  readonly #arena: Arena;
  readonly #frame: Uniforms;
  readonly #shape: RayShape;
  readonly #tileRays: number;
  #rays: number;
  readonly #count: Dispatch;
  readonly #scanChunks: Dispatch;
  readonly #scanTotals: Dispatch;
  readonly #place: Dispatch;
  readonly #nextTile: Dispatch;

  /**
   * @param tilePixels of a tile at the shape's rays a pixel: see {@link tilePixelsFor}.
   * @param occupancy bits of the occupancy grid (`Occupancy.bits`), `occupancyResolution` cells a side.
   * @throws LimbeckError when the views, rays or points exceed what one dispatch can do.
   */
  constructor(
    gpu: Gpu,
    shape: RayShape,
    tilePixels: number,
    capacity: number,
    occupancy: GPUBuffer,
    occupancyResolution: number,
  ) {
    const rays = pixelsOf(shape) * shape.raysPerPixel;
    const tileRays = tilePixels * shape.raysPerPixel;
    if (shape.views > maxViews) {
      throw new LimbeckError(
        `A renderer has at most ${maxViews} views, not ${shape.views}.`,
        'Render fewer.',
      );
    }
    if (Math.max(tileRays, capacity) > mostPoints) {
      throw new LimbeckError(
        `${tileRays} rays with room for ${capacity} points exceed ${mostPoints}.`,
        'Render fewer pixels, rays or samples.',
      );
    }
    const maskWords = Math.ceil(shape.samplesPerRay / 32);
    this.#arena = new Arena(gpu, 'march');
    const masks = this.#arena.allocate('masks', tileRays * maskWords);
    const totals = this.#arena.allocate('totals', tileRays / lanes);
    this.rayPoints = this.#arena.allocate('rayPoints', tileRays * 2);
    this.tile = this.#arena.allocate('tile', 1);
    this.demand = this.#arena.allocate('demand', 2);
    this.points = {
      positions: this.#arena.allocate('positions', capacity * 4),
      count: this.#arena.allocate('count', 4, GPUBufferUsage.INDIRECT),
      capacity,
    };
    const shader = new Shader(gpu, 'render.march', code, {
      tile_rays: tileRays,
      width: shape.width,
      height: shape.height,
      samples_per_ray: shape.samplesPerRay,
      mask_words: maskWords,
      capacity,
      occupancy_resolution: occupancyResolution,
      stream: streams.march,
    });
    this.#frame = shader.uniforms('frame');
    const resources = {
      frame: this.#frame.buffer,
      occupancy,
      masks,
      ray_points: this.rayPoints,
      totals,
      positions: this.points.positions,
      point_count: this.points.count,
      demand: this.demand,
      tile: this.tile,
    };
    this.#count = shader.bind('count', resources);
    this.#scanChunks = shader.bind('scan_chunks', resources);
    this.#scanTotals = shader.bind('scan_totals', resources);
    this.#place = shader.bind('place', resources);
    this.#nextTile = shader.bind('next_tile', resources);
    this.#shape = shape;
    this.#tileRays = tileRays;
    this.#rays = rays;
  }

  /** Tiles that make up the views of the frame. */
  get tiles(): number {
    return Math.ceil(this.#rays / this.#tileRays);
  }

  /**
   * Queues the upload of a frame's cameras.
   * @throws RangeError unless there is one for each view and the rays of a pixel divide the shape's.
   */
  begin(frame: Frame): void {
    const { cameras, seed, step, jitter = true, lattice = 0 } = frame;
    const { views, raysPerPixel: most } = this.#shape;
    const { raysPerPixel = most } = frame;
    if (cameras.length !== views) {
      throw new RangeError(`${views} views need as many cameras, not ${cameras.length}.`);
    }
    if (most % raysPerPixel !== 0) {
      throw new RangeError(
        `${raysPerPixel} rays a pixel do not divide the ${most} of this renderer.`,
      );
    }
    const { rows, columns } = subpixelGrid(raysPerPixel);
    this.#rays = pixelsOf(this.#shape) * raysPerPixel;
    this.#frame.write({
      cameras: cameraUniforms(cameras),
      seed,
      step,
      jitter: jitter ? 1 : 0,
      rays: this.#rays,
      ray_columns: columns,
      ray_rows: rows,
      lattice,
    });
  }

  /** Records the march of the current tile. */
  forward(pass: GPUComputePassEncoder): void {
    const chunks = this.#tileRays / lanes;
    this.#count.record(pass, chunks);
    this.#scanChunks.record(pass, Math.ceil(chunks / lanes));
    this.#scanTotals.record(pass, 1);
    this.#place.record(pass, chunks);
  }

  /** Records the move to the next tile; after the last comes the first. */
  nextTile(pass: GPUComputePassEncoder): void {
    if (this.tiles > 1) this.#nextTile.record(pass, 1);
  }

  dispose(): void {
    this.#arena.dispose();
    this.#frame.dispose();
  }
}
