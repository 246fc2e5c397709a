/** Mean of 1 − cosine over all pairs of vectors of unit length: 0 when all are alike. NaN for fewer than two. */
export function diversity(embeddings: readonly ArrayLike<number>[]): number {
  let [sum, pairs] = [0, 0];
  for (const [i, a] of embeddings.entries()) {
    for (const b of embeddings.slice(i + 1)) {
      let cosine = 0;
      for (let k = 0; k < a.length; k++) cosine += a[k]! * b[k]!;
      sum += 1 - cosine;
      pairs++;
    }
  }
  return sum / pairs;
}

/**
 * Variance of gradients at one θ relative to their mean square: E|g − E g|² / E|g|², without the bias of a small sample.
 * 0 for gradients that agree, 1 for those that have no common part. NaN for fewer than two.
 */
export function relativeVariance(gradients: readonly Float32Array[]): number {
  const count = gradients.length;
  const length = gradients[0]?.length ?? 0;
  let [variance, square] = [0, 0];
  for (let i = 0; i < length; i++) {
    const values = gradients.map((gradient) => gradient[i]!);
    const mean = values.reduce((sum, value) => sum + value, 0) / count;
    for (const value of values) {
      variance += (value - mean) ** 2 / (count - 1);
      square += value ** 2 / count;
    }
  }
  return variance / square;
}
