import { wordBytes } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import type { Work } from '../gpu/submission';
import { Composite, noRegularisers, type Regularisers } from './composite';
import { type Frame, March, mostPoints, pixelsOf, type RayShape, tilePixelsFor } from './march';
import { Occupancy } from './occupancy';
import type { PointEvaluator, RadianceField } from './radiance_field';
import { renderDefaults } from './settings';

/** Optical depth of one step below which a cell may be skipped (nerfacc's occ_thre). */
const emptyStep = 0.01;

/** Points of a tile in rendering without gradients. */
const forwardTilePoints = 2 ** 18;
/** Most points of a tile with gradients, where the adapter binds as many: memory for about 200 bytes each. */
const gradientTilePoints = 2 ** 20;

/**
 * Share of all steps that a training renderer has room for: the unit ball, filled, takes under half
 * of them when it just fits the views.
 */
const capacityShare = 0.6;
/** Up to this many steps there is room for all of them: a few pixels may see nothing but the ball. */
const smallCapacity = 2 ** 14;

export interface RendererOptions extends Omit<RayShape, 'raysPerPixel'> {
  /** A frame may have fewer. Default: that of the setting. */
  readonly raysPerPixel?: number;
  /** False: forward only. Default true. */
  readonly gradient?: boolean;
  /** Most points at a time: views that may need more are worked through in tiles. Default: what memory is worth. */
  readonly tilePoints?: number;
  /** Cells along a side of this renderer's own occupancy grid. Default: that of the setting. */
  readonly occupancyResolution?: number;
  /** Another renderer's grid, to be shared: it stays that renderer's to update and dispose. */
  readonly occupancy?: Occupancy;
  /** Transmittance at which a ray ends. Default 1e-4. */
  readonly earlyStop?: number;
  /** Room for points of a tile; beyond it rays are cut short and `demand` shows it. */
  readonly capacity?: number;
}

/** What one rendering depends on, beside the field. */
export interface RenderFrame extends Frame {
  /** Weights of the losses on opacity; none by default. */
  readonly regularisers?: Regularisers;
}

/**
 * The differentiable volume renderer: field -> views, and dL/dviews -> dL/dfield.
 * It records passes and nothing else; a step allocates nothing.
 */
export class Renderer<E extends PointEvaluator = PointEvaluator> {
  readonly occupancy: Occupancy;
  readonly march: March;
  readonly evaluator: E;
  readonly composite: Composite;
  readonly #ownsOccupancy: boolean;

  /** @throws LimbeckError when the sizes exceed what the adapter can bind or dispatch. */
  constructor(gpu: Gpu, field: RadianceField<E>, options: RendererOptions) {
    const {
      raysPerPixel = renderDefaults.raysPerPixel,
      gradient = true,
      earlyStop = 1e-4,
      samplesPerRay,
    } = options;
    const shape: RayShape = { ...options, raysPerPixel };
    const steps = pixelsOf(shape) * raysPerPixel * samplesPerRay;
    const share = Math.max(steps * capacityShare, Math.min(steps, smallCapacity));
    const most = Math.min(
      options.tilePoints ?? (gradient ? gradientTilePoints : forwardTilePoints),
      bindablePoints(gpu, field),
    );
    const whole = gradient && share <= most;
    const tilePixels = tilePixelsFor(shape, whole ? steps : most);
    const tileSteps = tilePixels * raysPerPixel * samplesPerRay;
    const room = whole ? share : tileSteps;
    this.#ownsOccupancy = options.occupancy === undefined;
    this.occupancy = options.occupancy ?? occupancyOf(gpu, field, options);
    this.march = new March(
      gpu,
      shape,
      tilePixels,
      options.capacity ?? Math.ceil(room),
      this.occupancy.bits,
      this.occupancy.resolution,
    );
    this.evaluator = field.evaluator(this.march.points, { gradient, tiled: !whole });
    this.composite = new Composite(gpu, shape, tilePixels, this.march, this.evaluator, {
      earlyStop,
      gradient,
    });
  }

  /** f32 [V, 4, H, W]: RGB premultiplied by alpha, then alpha; row 0 at the top. */
  get views(): GPUBuffer {
    return this.composite.views;
  }

  /** f32 [V, 4, H, W]: dL/dviews, to be filled before backward. */
  get viewGradients(): GPUBuffer {
    return this.composite.viewGradients;
  }

  /** f32 [V, H, W]: expected distance from the camera, 0 where a pixel is empty. */
  get depth(): GPUBuffer {
    return this.composite.depth;
  }

  /** u32 [2]: points that the last pass asked for, and the most that any has. */
  get demand(): GPUBuffer {
    return this.march.demand;
  }

  /** Points that a pass has room for. */
  get capacity(): number {
    return this.march.points.capacity;
  }

  /**
   * Queues the uploads of a frame; what is recorded next and submitted after sees them.
   * @throws RangeError unless there is one camera for each view.
   */
  begin(frame: RenderFrame): void {
    this.march.begin(frame);
    this.composite.begin(frame.regularisers ?? noRegularisers, frame.raysPerPixel);
    if (this.#ownsOccupancy) this.occupancy.begin(frame.seed, frame.step);
  }

  /** Records field -> views and depth; of several tiles, each is a part of the work. */
  forward(work: Work): void {
    this.#tiled(work, (pass) => {
      this.march.forward(pass);
      this.evaluator.forward(pass);
      this.composite.forward(pass);
    });
  }

  /**
   * Records dL/dviews -> the field's gradients; forward of the same frame came before. The unit of the
   * table's gradient depends on all points: tiles are gone through once for it and the perceptron, and
   * once more for the table.
   */
  backward(work: Work): void {
    if (this.march.tiles === 1) {
      this.composite.backward(work.pass);
      this.evaluator.backward(work.pass);
      return;
    }
    const again = (pass: GPUComputePassEncoder) => {
      this.march.forward(pass);
      this.evaluator.forward(pass);
      this.composite.backward(pass);
    };
    this.#tiled(work, (pass, tile) => {
      again(pass);
      this.evaluator.accumulate(pass, tile === 0);
    });
    this.evaluator.reduce(work.pass);
    this.#tiled(work, (pass, tile) => {
      again(pass);
      this.evaluator.scatter(pass, tile === this.march.tiles - 1);
    });
  }

  /** Records an update of the occupancy grid by the field. */
  updateOccupancy(pass: GPUComputePassEncoder): void {
    this.occupancy.update(pass);
  }

  #tiled(work: Work, record: (pass: GPUComputePassEncoder, tile: number) => void): void {
    const { tiles } = this.march;
    for (let tile = 0; tile < tiles; tile++) {
      record(work.pass, tile);
      this.march.nextTile(work.pass);
      if (tiles > 1) work.split();
    }
  }

  dispose(): void {
    this.composite.dispose();
    this.evaluator.dispose();
    this.march.dispose();
    if (this.#ownsOccupancy) this.occupancy.dispose();
  }
}

/** The occupancy grid of a field for rays of so many samples. */
export function occupancyOf(
  gpu: Gpu,
  field: RadianceField,
  {
    samplesPerRay,
    occupancyResolution: resolution = renderDefaults.occupancyResolution,
  }: Pick<RendererOptions, 'samplesPerRay' | 'occupancyResolution'>,
): Occupancy {
  return new Occupancy(gpu, field, { resolution, threshold: (emptyStep * samplesPerRay) / 2 });
}

/** Points of which each buffer can be bound and each kernel dispatched. */
function bindablePoints(gpu: Gpu, field: RadianceField): number {
  const { maxStorageBufferBindingSize, maxBufferSize } = gpu.device.limits;
  const words = Math.min(maxStorageBufferBindingSize, maxBufferSize) / wordBytes;
  return Math.min(mostPoints, Math.floor(words / Math.max(4, field.wordsPerPoint)));
}
