import { viewAt } from '../image/views';
import type { SquareViews } from '../retrieval/views';

/** Side in pixels of the views in whose pixels widths are given, whatever the size of those measured. */
const unitSize = 128;

/** Farthest that an edge is followed to either side, in pixels of `unitSize`. */
const farthest = 16;

/** Alpha outside, on and inside of an edge. */
const [outside, middle, inside] = [0.1, 0.5, 0.9];

/** Length of a step along the normal, in pixels of the view. */
const stride = 0.25;

/**
 * Mean width of the outline's edges: from 10 to 90 % alpha along the normal, through every crossing of 50 % between two
 * neighbouring pixels. A side ends early where alpha crosses 50 % again (a thin part, a gap), so that what never becomes
 * opaque counts with its whole width.
 * @returns pixels of a 128-px view; NaN where there is no edge.
 */
export function edgeWidth({ views, count, size }: SquareViews): number {
  const scale = unitSize / size;
  let [sum, edges] = [0, 0];
  for (let view = 0; view < count; view++) {
    const alpha = alphaOf(views, view, count);
    for (const [x, y] of crossings(alpha, size)) {
      sum += scale * widthAt(alpha, size, x, y, farthest / scale);
      edges++;
    }
  }
  return sum / edges;
}

/** Share of half-transparent pixels, alpha in (0.1, 0.9), among those with alpha over 0.1; NaN where there are none. */
export function halfTransparentShare({ views, count }: SquareViews): number {
  let [half, seen] = [0, 0];
  for (let view = 0; view < count; view++) {
    for (const alpha of alphaOf(views, view, count)) {
      if (alpha <= outside) continue;
      seen++;
      if (alpha < inside) half++;
    }
  }
  return half / seen;
}

function alphaOf(views: Float32Array, view: number, count: number): Float32Array {
  const all = viewAt(views, view, count);
  return all.subarray((3 * all.length) / 4);
}

/** Places between the centres of neighbours where alpha is 50 %; a pixel's centre has its whole indices. */
function* crossings(alpha: Float32Array, size: number): Generator<readonly [number, number]> {
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const here = alpha[y * size + x]!;
      for (const [right, down] of [
        [1, 0],
        [0, 1],
      ] as const) {
        if (x + right >= size || y + down >= size) continue;
        const next = alpha[(y + down) * size + x + right]!;
        if (here >= middle === next >= middle) continue;
        const part = (middle - here) / (next - here);
        yield [x + right * part, y + down * part];
      }
    }
  }
}

function widthAt(alpha: Float32Array, size: number, x: number, y: number, most: number): number {
  const at = (px: number, py: number) => sample(alpha, size, px, py);
  const [gx, gy] = [at(x + 1, y) - at(x - 1, y), at(x, y + 1) - at(x, y - 1)];
  const length = Math.hypot(gx, gy);
  // On the ridge of a part of one pixel there is no normal; it is as wide as that.
  if (length === 0) return 1;
  const profile = (sign: number) => (along: number) =>
    at(x + (sign * along * gx) / length, y + (sign * along * gy) / length);
  return (
    distanceTo(inside, profile(1), (value) => value < middle, most) +
    distanceTo(outside, profile(-1), (value) => value > middle, most)
  );
}

/** How far a profile has to be followed to reach `level`, or to where it `returned` after its first pixel, or `most`. */
function distanceTo(
  level: number,
  profile: (along: number) => number,
  returned: (value: number) => boolean,
  most: number,
): number {
  const rising = level > middle;
  let before = middle;
  for (let along = stride; along <= most; along += stride) {
    const value = profile(along);
    if (rising ? value >= level : value <= level) {
      return along - stride + (stride * (level - before)) / (value - before);
    }
    if (along > 1 && returned(value)) return along;
    before = value;
  }
  return most;
}

/** Bilinear; nothing lies outside of the picture. */
function sample(alpha: Float32Array, size: number, x: number, y: number): number {
  const [x0, y0] = [Math.floor(x), Math.floor(y)];
  const [fx, fy] = [x - x0, y - y0];
  const at = (px: number, py: number) =>
    px < 0 || py < 0 || px >= size || py >= size ? 0 : alpha[py * size + px]!;
  const line = (py: number) => at(x0, py) * (1 - fx) + at(x0 + 1, py) * fx;
  return line(y0) * (1 - fy) + line(y0 + 1) * fy;
}
