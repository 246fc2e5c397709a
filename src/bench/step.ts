import { FieldGenerator } from '../generator/field';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import type { Work } from '../gpu/submission';
import { Objective } from '../guidance/objective';
import { questionsOf } from '../guidance/queries';
import { streams } from '../random';
import { type Camera, fittingDistance, ringCameras } from '../render/camera';
import { pixelsOf, type RayShape } from '../render/march';
import { makeSettings, type Settings, settingsAt } from '../settings';
import type { Size } from './sizes';
import type { Recording } from './timer';

/** Noise level of the objective: its cost does not depend on it. */
const level = { timestep: 500, alpha: 0.7, sigma: 0.7, stream: streams.noise };

const fovy = 40;

/** Cameras around the ball, which just fits each view. */
const around = (count: number): Camera[] =>
  ringCameras(count, { elevation: 15, distance: 1.05 * fittingDistance(fovy, 1), fovy });

/** One training step of the field, its kernels to be recorded apart; no denoiser. */
export class BenchStep {
  readonly size: Size;
  readonly shape: RayShape;
  readonly cameras: readonly Camera[];
  readonly generator: FieldGenerator;
  readonly objective: Objective;
  readonly #settings: Settings;
  readonly #arena: Arena;

  constructor(gpu: Gpu, size: Size) {
    const { views, resolution, samplesPerRay, occupancyResolution, field } = size;
    this.size = size;
    this.shape = { views, width: resolution, height: resolution, raysPerPixel: 1, samplesPerRay };
    this.cameras = around(views);
    this.#settings = makeSettings({
      prompt: 'bench',
      field,
      render: { samplesPerRay, occupancyResolution },
    });
    this.generator = new FieldGenerator(gpu, {
      settings: this.#settings,
      ...this.shape,
      viewSize: resolution,
      around,
      silhouettes: { count: views, size: resolution },
    });
    const arena = new Arena(gpu, 'bench');
    this.#arena = arena;
    const pixels = pixelsOf(this.shape);
    const elements = 4 * pixels;
    const { views: input, viewGradients: inputGradient } = this.generator;
    this.objective = new Objective(
      gpu,
      { views, elements, pixels, timesteps: 1000, prediction: 'v' },
      {
        questions: questionsOf(this.#settings.guidance),
        z: arena.allocate('z', 2 * elements),
        prediction: arena.allocate('prediction', 2 * elements),
      },
      { input, inputGradient },
    );
    this.#begin();
  }

  /** Parameters of table and perceptron. */
  get parameters(): number {
    const { grid, mlp } = this.generator.field;
    return grid.words + mlp.words;
  }

  /** All of a step but the update of the occupancy grid. */
  readonly whole: Recording = (pass) => {
    const { renderer, optimiser } = this.generator;
    const work: Work = { pass, split: () => {} };
    renderer.forward(work);
    this.objective.record(pass);
    this.objective.measure(work);
    renderer.backward(work);
    optimiser.update(pass);
  };

  dispose(): void {
    this.objective.dispose();
    this.generator.dispose();
    this.#arena.dispose();
  }

  /** Uploads what a step depends on. A learning rate of zero: every repetition sees the same field. */
  #begin(): void {
    const { renderer, occupancy, optimiser, field } = this.generator;
    const now = settingsAt(this.#settings, 0);
    field.activeLevels = now.field.levels;
    renderer.begin({ cameras: this.cameras, seed: 0, step: 0 });
    occupancy.begin(0, 0);
    this.objective.begin({
      seed: 0,
      noiseStep: 0,
      levels: { dm: level, baseline: level, cfg: level },
      now,
    });
    optimiser.begin(1, { table: 0, mlp: 0 });
  }
}
