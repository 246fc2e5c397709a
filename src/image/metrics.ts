/** Peak signal-to-noise ratio in decibels of values in [0, 1]. */
export function psnr(values: Float32Array, wanted: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i]! - wanted[i]!) ** 2;
  return -10 * Math.log10(sum / values.length);
}

/** Least opacity of a pixel in a silhouette. */
const covered = 0.5;

/**
 * Intersection over union of two silhouettes; 1 when both are empty.
 * @param view and wanted: f32 [4, H, W], of which alpha is read.
 */
export function silhouetteOverlap(view: Float32Array, wanted: Float32Array): number {
  let [both, either] = [0, 0];
  for (let i = (3 * view.length) / 4; i < view.length; i++) {
    const [a, b] = [view[i]! >= covered, wanted[i]! >= covered];
    if (a && b) both++;
    if (a || b) either++;
  }
  return either === 0 ? 1 : both / either;
}

/** Least opacity of a pixel that shows the object alone, and not an edge against the background. */
const full = 0.999;

/**
 * Sum of |colour difference| in 255ths over the pixels and channels where both views are fully
 * covered, and how many there are.
 * @param view and wanted: f32 [4, H, W], premultiplied.
 */
export function colourDifference(view: Float32Array, wanted: Float32Array) {
  const plane = view.length / 4;
  let [sum, count] = [0, 0];
  for (let i = 0; i < plane; i++) {
    if (view[3 * plane + i]! < full || wanted[3 * plane + i]! < full) continue;
    for (let c = 0; c < 3; c++)
      sum += 255 * Math.abs(view[c * plane + i]! - wanted[c * plane + i]!);
    count += 3;
  }
  return { sum, count };
}
