import { FieldEvaluator } from '../field/evaluator';
import { parameterGroups } from '../field/field';
import { HashGrid, type HashGridEncoder } from '../field/hash_grid';
import { Mlp, type MlpEvaluator } from '../field/mlp';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { Objective } from '../guidance/objective';
import { Adam } from '../optim/adam';
import { streams } from '../random';
import { type Camera, fittingDistance, orbitCamera } from '../render/camera';
import { Composite, noRegularisers } from '../render/composite';
import { March, pixelsOf, type RayShape, tilePixelsFor } from '../render/march';
import { Occupancy } from '../render/occupancy';
import type { RadianceField } from '../render/radiance_field';
import { defaults } from '../settings';
import type { Size } from './sizes';
import type { Recording } from './timer';

/** As the training renderer: room for 60 % of all steps, and a step's optical depth that counts as empty. */
const capacityShare = 0.6;
const emptyStep = 0.01;

/** Noise level of the objective: its cost does not depend on it. */
const level = { timestep: 500, alpha: 0.7, sigma: 0.7, stream: streams.noise };

/** The parts of one training step of the field, each to be recorded apart; no denoiser. */
export class BenchStep {
  readonly size: Size;
  readonly shape: RayShape;
  readonly cameras: readonly Camera[];
  readonly grid: HashGrid;
  readonly mlp: Mlp;
  readonly march: March;
  readonly encoder: HashGridEncoder;
  readonly perceptron: MlpEvaluator;
  readonly composite: Composite;
  readonly objective: Objective;
  readonly adam: Adam;
  readonly occupancy: Occupancy;
  readonly #arena: Arena;

  constructor(gpu: Gpu, size: Size) {
    const { views, resolution, samplesPerRay, field } = size;
    this.size = size;
    this.shape = { views, width: resolution, height: resolution, raysPerPixel: 1, samplesPerRay };
    this.cameras = orbit(views);
    this.grid = new HashGrid(gpu, field);
    this.mlp = new Mlp(gpu, field);
    this.grid.write(this.grid.initial(0));
    gpu.device.queue.writeBuffer(this.mlp.weights, 0, this.mlp.initial(0));
    const radianceField: RadianceField = {
      wordsPerPoint: 4 * this.mlp.inputs,
      evaluator: (points, options) => new FieldEvaluator(gpu, this.grid, this.mlp, points, options),
    };
    this.occupancy = new Occupancy(gpu, radianceField, {
      resolution: size.occupancyResolution,
      threshold: (emptyStep * samplesPerRay) / 2,
    });
    const steps = pixelsOf(this.shape) * samplesPerRay;
    const tilePixels = tilePixelsFor(this.shape, steps);
    const capacity = Math.ceil(capacityShare * steps);
    const { bits } = this.occupancy;
    this.march = new March(gpu, this.shape, tilePixels, capacity, bits, this.occupancy.resolution);

    const arena = new Arena(gpu, 'bench');
    this.#arena = arena;
    const features = arena.allocate('features', 4 * this.mlp.inputs * capacity);
    const values = arena.allocate('values', 4 * capacity);
    const valueGradients = arena.allocate('value_gradients', 4 * capacity);
    const { points } = this.march;
    this.encoder = this.grid.encoder(points, features);
    const { quanta } = this.grid;
    this.perceptron = this.mlp.evaluator(points, { features, values, valueGradients, quanta });
    this.composite = new Composite(
      gpu,
      this.shape,
      tilePixels,
      this.march,
      { values, valueGradients },
      { earlyStop: 1e-4, gradient: true },
    );
    const pixels = pixelsOf(this.shape);
    const elements = 4 * pixels;
    this.objective = new Objective(
      gpu,
      { views: this.shape.views, elements, pixels, prediction: 'v' },
      {
        z: arena.allocate('z', 2 * elements),
        prediction: arena.allocate('prediction', 2 * elements),
        gradient: this.composite.viewGradients,
      },
    );
    this.adam = new Adam(gpu, parameterGroups(this.grid, this.mlp));
    this.#begin();
  }

  /** Parameters of table and perceptron. */
  get parameters(): number {
    return this.grid.words + this.mlp.words;
  }

  /** All of a step but the update of the occupancy grid. */
  readonly whole: Recording = (pass) => {
    this.march.forward(pass);
    this.encoder.forward(pass);
    this.perceptron.forward(pass);
    this.composite.forward(pass);
    this.objective.record(pass);
    this.composite.backward(pass);
    this.perceptron.backward(pass);
    this.encoder.backward(pass);
    this.adam.update(pass);
  };

  dispose(): void {
    for (const part of [
      this.adam,
      this.objective,
      this.composite,
      this.encoder,
      this.march,
      this.occupancy,
      this.mlp,
      this.grid,
    ]) {
      part.dispose();
    }
    this.#arena.dispose();
  }

  /** Uploads what a step depends on. A learning rate of zero: every repetition sees the same field. */
  #begin(): void {
    this.march.begin({ cameras: this.cameras, seed: 0, step: 0 });
    this.occupancy.begin(0, 0);
    this.composite.begin(noRegularisers);
    this.objective.begin(defaults, 0, { matching: level, adherence: level });
    this.adam.begin(1, { table: 0, mlp: 0 });
  }
}

/** `views` cameras around the ball, which just fits each. */
function orbit(views: number): Camera[] {
  const fovy = 40;
  const distance = 1.05 * fittingDistance(fovy, 1);
  return Array.from({ length: views }, (_, view) =>
    orbitCamera({ azimuth: (360 * view) / views, elevation: 15, distance, fovy }),
  );
}
