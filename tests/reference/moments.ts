export interface ReferenceMoments {
  readonly views: number;
  readonly pixels: number;
  /** λ_M, m₀ and v₀. */
  readonly weight: number;
  readonly mean: number;
  readonly variance: number;
}

/**
 * What the mean-variance regulariser descends along: λ_M C times the mean over views of the divergence
 * (docs/method.md, "Mean and variance").
 * @param x [V, C, H, W] in [0, 1].
 */
export function momentsLoss(x: Float64Array, o: ReferenceMoments): number {
  const each = x.length / o.views;
  const channels = x.length / o.pixels;
  let sum = 0;
  for (let view = 0; view < o.views; view++) {
    const values = x.subarray(view * each, (view + 1) * each).map((value) => 2 * value - 1);
    const mean = values.reduce((total, value) => total + value, 0) / each;
    const variance = values.reduce((total, value) => total + (value - mean) ** 2, 0) / each;
    const ratio = variance / o.variance;
    sum += 0.5 * ((mean - o.mean) ** 2 / o.variance + ratio - 1 - Math.log(ratio));
  }
  return (o.weight * channels * sum) / o.views;
}
