import type { Level } from '../../src/field/levels';

/** What the encoding depends on beside the table; one entry of `levels` for each level. */
export interface GridSpec {
  readonly levels: readonly Level[];
  readonly smooth: boolean;
  /** Levels that take part; a fraction fades the next one in. */
  readonly activeLevels: number;
}

interface Corner {
  readonly entry: number;
  readonly weight: number;
}

/** The eight table entries that a position reads at a level, with trilinear weights. */
function corners(position: readonly number[], level: Level, smooth: boolean): Corner[] {
  const { resolution, dense, offset, entries } = level;
  const scaled = position.map((p) => Math.min(Math.max(0.5 * p + 0.5, 0), 1) * resolution);
  const cell = scaled.map((s) => Math.min(Math.floor(s), resolution - 1));
  const t = scaled.map((s, axis) => s - cell[axis]!).map((f) => (smooth ? f * f * (3 - 2 * f) : f));
  return Array.from({ length: 8 }, (_, c) => {
    const bits = [c & 1, (c >> 1) & 1, c >> 2];
    const [x, y, z] = cell.map((k, axis) => k + bits[axis]!) as [number, number, number];
    const hashed = (x ^ Math.imul(y, 2654435761) ^ Math.imul(z, 805459861)) & (entries - 1);
    const stride = resolution + 1;
    const entry = offset + (dense ? x + stride * (y + stride * z) : hashed);
    const weight = bits.reduce((w, bit, axis) => w * (bit ? t[axis]! : 1 - t[axis]!), 1);
    return { entry, weight };
  });
}

const share = (spec: GridSpec, l: number) => Math.min(Math.max(spec.activeLevels - l, 0), 1);
const at = (positions: ArrayLike<number>, i: number) => [0, 1, 2].map((k) => positions[4 * i + k]!);

/**
 * Features f = sum over corners of weight times entry.
 * @param positions [n, 4]. @param table [entries, 2]. @returns [n, levels, 2].
 */
export function encode(
  spec: GridSpec,
  positions: ArrayLike<number>,
  table: ArrayLike<number>,
): Float64Array {
  const n = positions.length / 4;
  const { levels } = spec;
  const features = new Float64Array(n * levels.length * 2);
  for (let i = 0; i < n; i++) {
    levels.forEach((level, l) => {
      for (const { entry, weight } of corners(at(positions, i), level, spec.smooth)) {
        for (let f = 0; f < 2; f++) {
          features[(i * levels.length + l) * 2 + f]! +=
            share(spec, l) * weight * table[2 * entry + f]!;
        }
      }
    });
  }
  return features;
}

/** dL/dtable from dL/dfeatures [n, levels, 2]: the transpose of `encode`. */
export function encodeBackward(
  spec: GridSpec,
  positions: ArrayLike<number>,
  featureGradient: ArrayLike<number>,
): Float64Array {
  const n = positions.length / 4;
  const { levels } = spec;
  const last = levels.at(-1)!;
  const gradient = new Float64Array(2 * (last.offset + last.entries));
  for (let i = 0; i < n; i++) {
    levels.forEach((level, l) => {
      for (const { entry, weight } of corners(at(positions, i), level, spec.smooth)) {
        for (let f = 0; f < 2; f++) {
          gradient[2 * entry + f]! +=
            share(spec, l) * weight * featureGradient[(i * levels.length + l) * 2 + f]!;
        }
      }
    });
  }
  return gradient;
}
