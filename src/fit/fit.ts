import { FieldGenerator, type FieldGeneratorOptions } from '../generator/field';
import { checkFinite } from '../generator/generator';
import type { Gpu } from '../gpu/device';
import { Readback } from '../gpu/readback';
import { Submission } from '../gpu/submission';
import type { PngEncoder } from '../image/png';
import type { MeshExport } from '../mesh/field_mesh';
import type { Mesh } from '../mesh/surface/extract';
import { streams, uniform } from '../random';
import type { Camera } from '../render/camera';
import { doublings } from '../render/supersampling';
import {
  makeSettings,
  most,
  type PartialSettings,
  type Settings,
  scheduled,
  settingsAt,
} from '../settings';
import { ofCertainViews, stepViews } from './certain_views';
import { type KnownViews, turntableCameras } from './known_views';
import { Residual } from './residual';

/** Where a fit's settings differ from a distillation's: the views are sharp and certain. */
const base: PartialSettings = {
  steps: 1500,
  render: { samplesPerRay: 96, occupancyResolution: 48, occupancyEvery: 16 },
  field: { blobScale: 0, activeLevels: [0, 0.5, 1, 0.2] },
  optim: { tableLearningRate: [0.2, 0.02, 0.001, 1], mlpLearningRate: [0.2, 0.005, 0.0005, 1] },
  loss: {
    sparsity: 0,
    opaque: 0,
    // What is of one colour looks the same from pits as from a plane. Less in the end: it also fills what is hollow.
    nearness: [0.2, 0.01, 0.001, 0.8],
  },
  // The known views are as fine as the mesh's grid.
  mesh: { blur: 0 },
};

/**
 * Rays of a view of a step: side x side, spread evenly over it. They are those of one in
 * 8 x 8 pixels of a view of 128; where `render.size` is more, the side doubles as often as 128 does within it.
 */
const stepRays = { side: stepViews.side, ofSize: 128 };

/** Rays of a pixel in a view for people or measures. */
const stillRays = 4;

/** Views that the mesh's level is matched to. */
const silhouettes = { count: 8, size: 128 };

/** Settings of a fit: its own, then those of `overrides`; see `makeSettings`. */
export const fitSettings = (...overrides: readonly PartialSettings[]): Settings =>
  makeSettings(base, ...overrides);

/** Side of the known views that settings ask for, in pixels. */
export const knownSize = ({ render }: Settings): number =>
  stepRays.ofSize * doublings(most(render.size), stepRays.ofSize);

/** A radiance field fitted to views from known cameras, by gradient descent. */
export class Fit {
  readonly generator: FieldGenerator;
  readonly #gpu: Gpu;
  readonly #settings: Settings;
  readonly #known: KnownViews;
  readonly #readback: Readback;
  /** Rays along a side of a step's views. */
  #side: number;
  #residual: Residual;
  #step = 0;
  #saturations = 0;

  /**
   * @param known belongs to the fit from here on.
   * @param made how the field is made. Default: as suits certain views.
   * @throws LimbeckError when a size exceeds what the adapter can bind.
   */
  constructor(
    gpu: Gpu,
    known: KnownViews,
    settings: Settings,
    made: Pick<FieldGeneratorOptions, 'densityActivation' | 'adam'> = ofCertainViews,
  ) {
    this.#gpu = gpu;
    this.#settings = settings;
    this.#known = known;
    this.#side = sideOf(settings, 0);
    this.generator = new FieldGenerator(gpu, {
      settings,
      ...shapeOf(this.#side),
      ...made,
      viewSize: known.side,
      around: turntableCameras,
      silhouettes: { ...silhouettes, raysPerPixel: stillRays },
    });
    this.#residual = this.#makeResidual();
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
   * @throws NonFiniteGradientError when the gradient is not finite.
   */
  async takeStep(): Promise<{ readonly loss: number }> {
    const { seed } = this.#settings;
    const step = this.#step;
    const known = this.#draw(step);
    const draw = {
      step,
      seed,
      now: settingsAt(this.#settings, step),
      cameras: known.map((view) => this.#known.cameras[view]!),
      raysPerPixel: 1,
      // What is known of a view are points: rays go through them, or edges would be blurred by a sample.
      lattice: this.#known.lattice,
    };
    this.#resizeTo(sideOf(this.#settings, step));
    const work = new Submission(this.#gpu, 'fit.step');
    this.#known.choose(work.encoder, known);
    this.generator.forward(work, draw);
    this.#residual.begin([...known.keys()], seed, step);
    this.#residual.record(work.pass);
    this.generator.backward(work);
    this.generator.step(work, draw);
    work.submit();
    const stats = await this.generator.stats();
    const [loss = 0] = await this.#readback.floats(this.#residual.meanError, 1);
    checkFinite(stats, step);
    this.#step = step + 1;
    this.#saturations += stats.saturations;
    return { loss };
  }

  /** f32 [V, 4, size, size]: the field from given cameras, premultiplied RGBA. */
  views(cameras: readonly Camera[], size: number): Promise<Float32Array> {
    return this.generator.still({ cameras, size, raysPerPixel: stillRays });
  }

  /** The field's surface. @throws EmptyFieldError when there is none. */
  mesh(): Promise<Mesh> {
    return this.generator.mesh.extract();
  }

  /** A mesh that `mesh` gave as files, by the settings; see `FieldMesh.export`. */
  export(mesh: Mesh, encodePng: PngEncoder): Promise<MeshExport> {
    return this.generator.mesh.export(mesh, encodePng, { prompt: this.#settings.prompt });
  }

  dispose(): void {
    this.#known.dispose();
    this.#residual.dispose();
    this.generator.dispose();
    this.#readback.dispose();
  }

  #resizeTo(side: number): void {
    if (side === this.#side) return;
    this.#side = side;
    this.#residual.dispose();
    this.generator.resize(shapeOf(side));
    this.#residual = this.#makeResidual();
  }

  #makeResidual(): Residual {
    const { views, viewGradients } = this.generator;
    return new Residual(
      this.#gpu,
      { ...shapeOf(this.#side), knownSide: this.#known.side },
      { known: this.#known.samples, views, viewGradients },
    );
  }

  /** The known view of each of a step's views. */
  #draw(step: number): number[] {
    const { seed } = this.#settings;
    return Array.from({ length: stepViews.count }, (_, view) =>
      Math.floor(this.#known.cameras.length * uniform(seed, streams.camera, step, view)),
    );
  }
}

/** Rays along a side of the views of a step. */
const sideOf = ({ render, steps }: Settings, step: number): number =>
  stepRays.side * doublings(scheduled(render.size, step, steps), stepRays.ofSize);

const shapeOf = (side: number) => ({ views: stepViews.count, width: side, height: side });
