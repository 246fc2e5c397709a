export interface AdamSpec {
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

export interface AdamState {
  readonly values: Float64Array;
  readonly first: Float64Array;
  readonly second: Float64Array;
}

/** One update in place (Kingma and Ba 2015, algorithm 1); `step` counts from 1. */
export function adam(
  state: AdamState,
  gradient: ArrayLike<number>,
  step: number,
  { rate, beta1, beta2, epsilon }: AdamSpec,
): void {
  const { values, first, second } = state;
  for (let i = 0; i < values.length; i++) {
    const g = gradient[i]!;
    first[i] = beta1 * first[i]! + (1 - beta1) * g;
    second[i] = beta2 * second[i]! + (1 - beta2) * g * g;
    const mean = first[i]! / (1 - beta1 ** step);
    const variance = second[i]! / (1 - beta2 ** step);
    values[i]! -= (rate * mean) / (Math.sqrt(variance) + epsilon);
  }
}
