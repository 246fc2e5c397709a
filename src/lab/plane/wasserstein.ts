/** The distance of two sets of points by the cheapest matching. */

/**
 * W₁ between two sets of n equal weights: the mean distance under the best assignment, by the Hungarian method in
 * O(n³).
 * @param a x and y of each point one after the other. @param b as many.
 */
export function wasserstein1(a: Float64Array, b: Float64Array): number {
  const n = a.length / 2;
  const cost = (i: number, j: number) =>
    Math.hypot(a[2 * i]! - b[2 * j]!, a[2 * i + 1]! - b[2 * j + 1]!);
  // Potentials of rows and columns, and the row that each column is matched to; index 0 stands for none.
  const u = new Float64Array(n + 1);
  const v = new Float64Array(n + 1);
  const matched = new Int32Array(n + 1);
  const way = new Int32Array(n + 1);
  for (let row = 1; row <= n; row++) {
    matched[0] = row;
    let column = 0;
    const least = new Float64Array(n + 1).fill(Number.POSITIVE_INFINITY);
    const used = new Uint8Array(n + 1);
    do {
      used[column] = 1;
      const from = matched[column]!;
      let delta = Number.POSITIVE_INFINITY;
      let next = 0;
      for (let j = 1; j <= n; j++) {
        if (used[j]) continue;
        const reduced = cost(from - 1, j - 1) - u[from]! - v[j]!;
        if (reduced < least[j]!) {
          least[j] = reduced;
          way[j] = column;
        }
        if (least[j]! < delta) {
          delta = least[j]!;
          next = j;
        }
      }
      for (let j = 0; j <= n; j++) {
        if (used[j]) {
          u[matched[j]!]! += delta;
          v[j]! -= delta;
        } else least[j]! -= delta;
      }
      column = next;
    } while (matched[column] !== 0);
    while (column !== 0) {
      const before = way[column]!;
      matched[column] = matched[before]!;
      column = before;
    }
  }
  let sum = 0;
  for (let j = 1; j <= n; j++) sum += cost(matched[j]! - 1, j - 1);
  return sum / n;
}
