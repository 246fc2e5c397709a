/** One view of several, f32 [4, H, W] of [V, 4, H, W]: the same memory. */
export const viewAt = (views: Float32Array, view: number, count: number): Float32Array =>
  views.subarray((view * views.length) / count, ((view + 1) * views.length) / count);

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
