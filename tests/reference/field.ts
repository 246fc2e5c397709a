import { encode, encodeBackward, type GridSpec } from './hash_grid';
import { type MlpSpec, mlp, mlpBackward } from './mlp';

export interface FieldSpec {
  readonly grid: GridSpec;
  readonly mlp: MlpSpec;
}

export interface Parameters {
  /** [entries, 2]. */
  readonly table: ArrayLike<number>;
  /** [hidden, ceil(levels / 2) + 1, 4]. */
  readonly mlp: ArrayLike<number>;
}

/** rgb and sigma [n, 4] at positions [n, 4]. */
export function field(spec: FieldSpec, parameters: Parameters, positions: ArrayLike<number>) {
  const features = encode(spec.grid, positions, parameters.table);
  return mlp(spec.mlp, features, parameters.mlp, positions);
}

/** Gradients of both parameters from dL/dvalues [n, 4]. */
export function fieldBackward(
  spec: FieldSpec,
  parameters: Parameters,
  positions: ArrayLike<number>,
  valueGradient: ArrayLike<number>,
) {
  const features = encode(spec.grid, positions, parameters.table);
  const gradient = mlpBackward(spec.mlp, features, parameters.mlp, positions, valueGradient);
  return { mlp: gradient.weights, table: encodeBackward(spec.grid, positions, gradient.features) };
}
