import type { Points } from '../field/points';

/** What rendering asks of a field: `Field` is one. */
export interface RadianceField<E extends PointEvaluator = PointEvaluator> {
  /** Most 32-bit words that one of an evaluator's buffers holds for each point. */
  readonly wordsPerPoint: number;
  /** @param options tiled: whether the gradients of several sets of points will be added up. */
  evaluator(points: Points, options: { readonly gradient: boolean; readonly tiled?: boolean }): E;
}

/** A field at one set of points: `FieldEvaluator` is one. It records and nothing else. */
export interface PointEvaluator {
  /** vec4f [capacity]: rgb in [0, 1], sigma >= 0 per unit length. */
  readonly values: GPUBuffer;
  /** vec4f [capacity]: dL/drgb, dL/dsigma; there only with `gradient`. */
  readonly valueGradients: GPUBuffer;
  forward(pass: GPUComputePassEncoder): void;
  backward(pass: GPUComputePassEncoder): void;
  /**
   * `backward` of points that come in several sets, in three parts: `accumulate` for each set, `reduce`,
   * and `scatter` for each set once more; each set's `forward` and gradient come before both.
   * @param first and last: whether it is the first or last set of all.
   */
  accumulate(pass: GPUComputePassEncoder, first: boolean): void;
  reduce(pass: GPUComputePassEncoder): void;
  scatter(pass: GPUComputePassEncoder, last: boolean): void;
  dispose(): void;
}
