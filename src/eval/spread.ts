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
  return totalVariance(gradients) / meanSquare(gradients);
}

/** E|g − E g|², without the bias of a small sample. NaN for fewer than two. */
export function totalVariance(gradients: readonly Float32Array[]): number {
  const count = gradients.length;
  const length = gradients[0]?.length ?? 0;
  let variance = 0;
  for (let i = 0; i < length; i++) {
    const mean = gradients.reduce((sum, gradient) => sum + gradient[i]!, 0) / count;
    for (const gradient of gradients) variance += (gradient[i]! - mean) ** 2 / (count - 1);
  }
  return variance;
}

/** E|g|². */
export function meanSquare(gradients: readonly Float32Array[]): number {
  let square = 0;
  for (const gradient of gradients) {
    for (const value of gradient) square += value ** 2 / gradients.length;
  }
  return square;
}
