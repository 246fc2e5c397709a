import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import type { HashGrid, HashGridEncoder } from './hash_grid';
import type { Mlp, MlpEvaluator } from './mlp';
import type { Points } from './points';

/** The field at one set of points: records hash grid and MLP, forward and backward. */
export class FieldEvaluator {
  /** vec4f [capacity]: rgb in [0, 1], sigma >= 0 per unit length; sigma is 0 outside the ball. */
  readonly values: GPUBuffer;
  readonly encoder: HashGridEncoder;
  readonly mlp: MlpEvaluator;
  readonly #valueGradients: GPUBuffer | undefined;
  readonly #arena: Arena;

  constructor(
    gpu: Gpu,
    grid: HashGrid,
    mlp: Mlp,
    points: Points,
    { gradient, tiled = false }: { readonly gradient: boolean; readonly tiled?: boolean },
  ) {
    this.#arena = new Arena(gpu, 'field.evaluator');
    const words = 4 * points.capacity;
    const features = this.#arena.allocate('features', mlp.inputs * words);
    this.values = this.#arena.allocate('values', words);
    this.#valueGradients = gradient ? this.#arena.allocate('value_gradients', words) : undefined;
    this.encoder = grid.encoder(points, features, gradient);
    this.mlp = mlp.evaluator(points, {
      features,
      values: this.values,
      quanta: grid.quanta,
      tiled,
      ...(this.#valueGradients && { valueGradients: this.#valueGradients }),
    });
  }

  /**
   * vec4f [capacity]: dL/drgb, dL/dsigma, to be written before `backward`.
   * @throws Error when the evaluator was made without gradients.
   */
  get valueGradients(): GPUBuffer {
    if (this.#valueGradients) return this.#valueGradients;
    throw new Error('This evaluator of the field was made without gradients.');
  }

  /** GPU memory of features, values and their gradient. */
  get bytes(): number {
    return this.#arena.bytes;
  }

  forward(pass: GPUComputePassEncoder): void {
    this.encoder.forward(pass);
    this.mlp.forward(pass);
  }

  /**
   * `valueGradients` to the gradients of table and MLP. Follows a `forward` over the same points and
   * consumes its features: once for each `forward`.
   */
  backward(pass: GPUComputePassEncoder): void {
    this.mlp.backward(pass);
    this.encoder.backward(pass);
  }

  /**
   * `backward` of points that come in several sets, of an evaluator made for it: this adds a set's share of
   * the MLP's gradient. @param first whether it is the first set of all.
   */
  accumulate(pass: GPUComputePassEncoder, first: boolean): void {
    this.mlp.accumulate(pass, first);
  }

  /** After all sets were accumulated: the MLP's gradient and the table's unit. */
  reduce(pass: GPUComputePassEncoder): void {
    this.mlp.reduce(pass);
  }

  /** After `reduce`: adds a set's share of the table's gradient. @param last whether it is the last set. */
  scatter(pass: GPUComputePassEncoder, last: boolean): void {
    this.mlp.backwardFeatures(pass);
    this.encoder.backwardOfSet(pass, last);
  }

  dispose(): void {
    this.#arena.dispose();
    this.encoder.dispose();
  }
}
