import { viewAt } from '../image/views';
import type { SquareViews } from '../retrieval/views';

/**
 * How opaque what is seen is: the mean of alpha weighted by alpha, 1 for a solid object whatever its size. NaN where
 * nothing is seen.
 */
export function opacity(seen: SquareViews): number {
  let [sum, squares] = [0, 0];
  for (const [, alpha] of pixels(seen)) {
    sum += alpha;
    squares += alpha ** 2;
  }
  return squares / sum;
}

/**
 * How far colours lie apart: the root mean square distance in RGB from their mean, weighted by alpha; 0 for one colour,
 * at most √3 / 2. NaN where nothing is seen.
 */
export function colourSpread(seen: SquareViews): number {
  let weight = 0;
  const sums = [0, 0, 0];
  let squares = 0;
  for (const [colour, alpha] of pixels(seen)) {
    weight += alpha;
    for (let c = 0; c < 3; c++) {
      sums[c]! += alpha * colour[c]!;
      squares += alpha * colour[c]! ** 2;
    }
  }
  const mean = sums.reduce((sum, value) => sum + (value / weight) ** 2, 0);
  return Math.sqrt(Math.max(0, squares / weight - mean));
}

/** Straight colours and alphas of the pixels in which something is seen. */
function* pixels({
  views,
  count,
}: SquareViews): Generator<readonly [colour: readonly number[], alpha: number]> {
  for (let view = 0; view < count; view++) {
    const data = viewAt(views, view, count);
    const plane = data.length / 4;
    for (let i = 0; i < plane; i++) {
      const alpha = data[3 * plane + i]!;
      if (alpha > 0) yield [[0, 1, 2].map((c) => data[c * plane + i]! / alpha), alpha];
    }
  }
}
