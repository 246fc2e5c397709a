/** Features between [n, levels, 2] and the kernels' [ceil(levels / 2), capacity, 2, 2]. */

const place = (i: number, l: number, f: number, capacity: number) =>
  ((l >> 1) * capacity + i) * 4 + (l & 1) * 2 + f;

export function packFeatures(features: ArrayLike<number>, levels: number, capacity: number) {
  const packed = new Float32Array(Math.ceil(levels / 2) * capacity * 4);
  for (let k = 0; k < features.length; k++) {
    const l = Math.floor(k / 2) % levels;
    packed[place(Math.floor(k / (2 * levels)), l, k % 2, capacity)] = features[k]!;
  }
  return packed;
}

export function unpackFeatures(
  packed: ArrayLike<number>,
  levels: number,
  capacity: number,
  n: number,
): Float64Array {
  return Float64Array.from({ length: n * levels * 2 }, (_, k) => {
    const l = Math.floor(k / 2) % levels;
    return packed[place(Math.floor(k / (2 * levels)), l, k % 2, capacity)]!;
  });
}
