import { Field } from '../field/field';
import type { Gpu } from '../gpu/device';
import { Readback } from '../gpu/readback';
import { Submission } from '../gpu/submission';
import type { PngEncoder } from '../image/png';
import type { Texture } from '../mesh/export';
import { extractMesh, type Mesh } from '../mesh/surface/extract';
import { simplifyMesh } from '../mesh/surface/simplify';
import { textureMesh } from '../mesh/texture/texture';
import { mostUnwrapped } from '../mesh/texture/unwrap';
import { Adam } from '../optim/adam';
import { streams, uniform } from '../random';
import type { Camera } from '../render/camera';
import { noRegularisers } from '../render/composite';
import type { Occupancy } from '../render/occupancy';
import { Renderer } from '../render/renderer';
import { renderStill } from '../render/still';
import { doublings } from '../render/supersampling';
import { makeSettings, most, type PartialSettings, type Settings, scheduled } from '../settings';
import { type KnownViews, turntableCameras, viewsOfStep } from './known_views';
import { Residual } from './residual';

/** Where a fit's settings differ from a distillation's: the views are sharp and certain. */
const base: PartialSettings = {
  steps: 1500,
  render: { samplesPerRay: 96, occupancyResolution: 48, occupancyEvery: 16 },
  field: { blobScale: 0, activeLevels: [0, 0.5, 1, 0.2] },
  optim: {
    tableLearningRate: [0.2, 0.02, 0.001, 1],
    mlpLearningRate: [0.2, 0.005, 0.0005, 1],
  },
  // What is of one colour looks the same from pits as from a plane. Less in the end: it also fills what is hollow.
  loss: { nearness: [0.2, 0.01, 0.001, 0.8] },
  // The known views are as fine as the mesh's grid.
  mesh: { blur: 0 },
};

/**
 * Rays of a view of a step: side x side, spread evenly over it. They are those of one in
 * 8 x 8 pixels of a view of 128; where `render.size` is more, the side doubles as often as 128 does within it.
 */
const stepRays = { side: 16, ofSize: 128 };

/** Rays of a pixel in a view for people or measures. */
const stillRays = 4;

/**
 * Adam's ε. Gradients of what shows are around 10⁻⁶, those of what lies behind a surface 10⁻⁹ and less
 * and of either sign: with a smaller ε the inside of an object would wander as fast as its surface learns.
 */
const epsilon = 1e-8;

/** Views that the mesh's level is matched to. */
const silhouettes = { count: 8, size: 128 };

/** Settings of a fit: its own, then those of `overrides`; see `makeSettings`. */
export const fitSettings = (...overrides: readonly PartialSettings[]): Settings =>
  makeSettings(base, ...overrides);

/** Side of the known views that settings ask for, in pixels. */
export const knownSize = ({ render }: Settings): number =>
  stepRays.ofSize * doublings(most(render.size), stepRays.ofSize);

/** What renders and compares views of one number of rays. */
interface Level {
  readonly side: number;
  readonly renderer: Renderer;
  readonly residual: Residual;
}

/** Thrown when a gradient is NaN or infinite. */
export class FitError extends Error {
  override readonly name = 'FitError';
}

/** A radiance field fitted to views from known cameras, by gradient descent. */
export class Fit {
  readonly field: Field;
  readonly #gpu: Gpu;
  readonly #settings: Settings;
  readonly #known: KnownViews;
  /** Keeps the occupancy grid. */
  readonly #first: Level;
  #level: Level;
  readonly #optimiser: Adam;
  readonly #readback: Readback;
  #step = 0;
  #saturations = 0;

  /**
   * @param known belongs to the fit from here on.
   * @throws RangeError when a size exceeds what the adapter can bind.
   */
  constructor(gpu: Gpu, known: KnownViews, settings: Settings) {
    const { field, seed } = settings;
    this.#gpu = gpu;
    this.#settings = settings;
    this.#known = known;
    // The exponential reaches the densities of a hard surface in a few steps.
    this.field = new Field(gpu, { ...field, densityActivation: 'exp' }, seed);
    this.#first = this.#makeLevel(this.#side(0));
    this.#level = this.#first;
    this.#optimiser = new Adam(gpu, this.field.parameters, { epsilon });
    this.#readback = new Readback(gpu);
  }

  /** Steps taken. */
  get step(): number {
    return this.#step;
  }

  /** Gradient accumulators that overflowed in the steps so far. */
  get saturations(): number {
    return this.#saturations;
  }

  get finished(): boolean {
    return this.#step >= this.#settings.steps;
  }

  /**
   * Takes one step: rays of some known views, their squared error, its gradient into the field.
   * @throws FitError when the gradient is not finite.
   */
  async takeStep(): Promise<{ readonly loss: number }> {
    const { seed, steps, field, render, optim, loss: weights } = this.#settings;
    const step = this.#step;
    const known = this.#draw(step);
    const { renderer, residual } = this.#levelOf(step);
    this.field.activeLevels = field.levels * scheduled(field.activeLevels, step, steps);
    renderer.begin({
      cameras: known.map((view) => this.#known.cameras[view]!),
      seed,
      step,
      // What is known of a view are points: rays go through them, or edges would be blurred by a sample.
      lattice: this.#known.lattice,
      regularisers: { ...noRegularisers, nearness: scheduled(weights.nearness, step, steps) },
    });
    renderer.occupancy.begin(seed, step);
    residual.begin([...known.keys()], seed, step);
    this.#optimiser.begin(step + 1, {
      table: scheduled(optim.tableLearningRate, step, steps),
      mlp: scheduled(optim.mlpLearningRate, step, steps),
    });
    const work = new Submission(this.#gpu, 'fit.step');
    this.#known.choose(work.encoder, known);
    if (step % render.occupancyEvery === 0) renderer.updateOccupancy(work.pass);
    renderer.forward(work);
    residual.record(work.pass);
    renderer.backward(work);
    this.#optimiser.update(work.pass);
    work.submit();
    const { nonFinite, saturations } = await this.#optimiser.readStats(this.#readback);
    const [loss = 0] = await this.#readback.floats(residual.meanError, 1);
    if (nonFinite > 0) {
      throw new FitError(
        `The gradient of step ${step} is not finite (${nonFinite} parameters): lower the learning rate, --optim.tableLearningRate.`,
      );
    }
    this.#step = step + 1;
    this.#saturations += saturations;
    return { loss };
  }

  /** f32 [V, 4, size, size]: the field from given cameras, premultiplied RGBA. */
  views(cameras: readonly Camera[], size: number): Promise<Float32Array> {
    return renderStill(this.#gpu, this.field, {
      cameras,
      size,
      samplesPerRay: 2 * this.#settings.render.samplesPerRay,
      raysPerPixel: stillRays,
      occupancy: this.#first.renderer.occupancy,
    });
  }

  /** The field's surface. @throws EmptyFieldError when there is none. */
  async mesh(): Promise<Mesh> {
    const { resolution, smooth, triangles } = this.#settings.mesh;
    const { count, size } = silhouettes;
    const cameras = turntableCameras(count);
    const views = await this.views(cameras, size);
    const iso = { silhouettes: { views, width: size, height: size, cameras } };
    const whole = await extractMesh(this.#gpu, this.field, { resolution, smooth, iso });
    return triangles > 0 ? simplifyMesh(whole, { triangles }) : whole;
  }

  /**
   * The field's colours as a texture on its mesh, or on a simpler one where unwrapping would take long.
   * @param size side of the image in texels.
   */
  async texture(
    mesh: Mesh,
    size: number,
    encodePng: PngEncoder,
  ): Promise<{ readonly mesh: Mesh; readonly texture: Texture }> {
    const light = await simplifyMesh(mesh, { triangles: mostUnwrapped });
    const texture = await textureMesh(this.#gpu, this.field, light, size, encodePng);
    return { mesh: light, texture };
  }

  dispose(): void {
    this.#known.dispose();
    this.#optimiser.dispose();
    for (const level of new Set([this.#level, this.#first])) dispose(level);
    this.field.dispose();
    this.#readback.dispose();
  }

  /** Rays along a side of the views of a step. */
  #side(step: number): number {
    const { render, steps } = this.#settings;
    return stepRays.side * doublings(scheduled(render.size, step, steps), stepRays.ofSize);
  }

  /** Made anew where the rays of a step become more or fewer. */
  #levelOf(step: number): Level {
    const side = this.#side(step);
    if (this.#level.side === side) return this.#level;
    if (this.#level !== this.#first) dispose(this.#level);
    this.#level =
      side === this.#first.side
        ? this.#first
        : this.#makeLevel(side, this.#first.renderer.occupancy);
    return this.#level;
  }

  #makeLevel(side: number, occupancy?: Occupancy): Level {
    const shape = { views: viewsOfStep, width: side, height: side };
    const { samplesPerRay, occupancyResolution } = this.#settings.render;
    const renderer = new Renderer(this.#gpu, this.field, {
      ...shape,
      samplesPerRay,
      occupancyResolution,
      ...(occupancy && { occupancy }),
    });
    const { views, viewGradients } = renderer;
    const residual = new Residual(
      this.#gpu,
      { ...shape, knownSide: this.#known.side },
      { known: this.#known.samples, views, viewGradients },
    );
    return { side, renderer, residual };
  }

  /** The known view of each of a step's views. */
  #draw(step: number): number[] {
    const { seed } = this.#settings;
    return Array.from({ length: viewsOfStep }, (_, view) =>
      Math.floor(this.#known.cameras.length * uniform(seed, streams.camera, step, view)),
    );
  }
}

function dispose({ renderer, residual }: Level): void {
  residual.dispose();
  renderer.dispose();
}
