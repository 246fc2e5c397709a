import type { Points } from '../field/points';

/** What rendering asks of a field: `Field` is one. */
export interface RadianceField {
  evaluator(points: Points, options: { readonly gradient: boolean }): PointEvaluator;
}

/** A field at one set of points: `FieldEvaluator` is one. It records and nothing else. */
export interface PointEvaluator {
  /** vec4f [capacity]: rgb in [0, 1], sigma >= 0 per unit length. */
  readonly values: GPUBuffer;
  /** vec4f [capacity]: dL/drgb, dL/dsigma; there only with `gradient`. */
  readonly valueGradients: GPUBuffer;
  forward(pass: GPUComputePassEncoder): void;
  backward(pass: GPUComputePassEncoder): void;
  dispose(): void;
}
