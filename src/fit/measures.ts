/** Peak signal-to-noise ratio in decibels of values in [0, 1]. */
export function psnr(values: Float32Array, wanted: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i]! - wanted[i]!) ** 2;
  return -10 * Math.log10(sum / values.length);
}

/** Opacity at which a pixel belongs to a silhouette. */
const covered = 0.5;

/**
 * Intersection over union of two silhouettes; 1 when both are empty.
 * @param views f32 [4, H, W], of which alpha is read.
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

/** Opacity at which a pixel shows nothing but the object: no edge to the background. */
const full = 0.999;

/**
 * Sum of |colour difference| in 255ths over the pixels and channels where both views are fully
 * covered, and how many there are.
 * @param views f32 [4, H, W], premultiplied.
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

/**
 * RGB over a white background.
 * @param view f32 [4, H, W], premultiplied.
 * @returns f32 [3, H, W]
 */
export function onWhite(view: Float32Array): Float32Array {
  const plane = view.length / 4;
  const alpha = view.subarray(3 * plane);
  return view.subarray(0, 3 * plane).map((value, i) => value + 1 - alpha[i % plane]!);
}

/** A view of several, f32 [V, 4, H, W]. */
export const viewAt = (views: Float32Array, view: number, count: number): Float32Array =>
  views.subarray((view * views.length) / count, ((view + 1) * views.length) / count);
