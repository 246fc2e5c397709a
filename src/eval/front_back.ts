import { silhouetteOverlap } from '../image/metrics';

/** How an object's back goes with its front. */
export interface FrontBack {
  /**
   * Intersection over union of the front's outline and the mirrored back's: one object has nearly the same from both
   * sides.
   */
  readonly overlap: number;
  /**
   * Correlation of brightness between the front and the back, as it is or mirrored, whichever is larger: near 1 for a
   * second front, but also for what is the same from both sides. NaN where there is nothing to compare.
   */
  readonly likeness: number;
}

/** @param front and back: f32 [4, size, size], premultiplied, from opposite sides at one elevation. */
export function frontBack(front: Float32Array, back: Float32Array, size: number): FrontBack {
  const turned = mirrored(back, size);
  const found = [back, turned].map((other) => correlation(front, other));
  return {
    overlap: silhouetteOverlap(front, turned),
    likeness: Math.max(...found),
  };
}

/** A view [4, size, size] seen in a mirror. */
function mirrored(view: Float32Array, size: number): Float32Array {
  return view.map((_, i) => view[i - (i % size) + size - 1 - (i % size)]!);
}

/** Pearson's correlation of the brightness of pixels that both views cover. */
function correlation(a: Float32Array, b: Float32Array): number {
  const plane = a.length / 4;
  const pairs: [number, number][] = [];
  for (let i = 0; i < plane; i++) {
    if (a[3 * plane + i]! <= 0.5 || b[3 * plane + i]! <= 0.5) continue;
    pairs.push([brightness(a, i, plane), brightness(b, i, plane)]);
  }
  const mean = (side: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[side], 0) / pairs.length;
  const [meanA, meanB] = [mean(0), mean(1)];
  let [ab, aa, bb] = [0, 0, 0];
  for (const [x, y] of pairs) {
    ab += (x - meanA) * (y - meanB);
    aa += (x - meanA) ** 2;
    bb += (y - meanB) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

/** Rec. 709 luma of a pixel's straight colour. */
function brightness(view: Float32Array, i: number, plane: number): number {
  const [red, green, blue] = [view[i]!, view[plane + i]!, view[2 * plane + i]!];
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / view[3 * plane + i]!;
}
