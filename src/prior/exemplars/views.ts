import type { Image } from '../../image/image';

/**
 * Square views side by side as a prior sees views: premultiplied, each pixel the mean of `factor` x `factor`.
 * @param strip straight alpha, [H, V * H].
 * @returns f32 [V, 4, H / factor, H / factor] in [0, 1].
 */
export function scaledViews(strip: Image, count: number, factor: number): Float32Array {
  const own = strip.height;
  const size = own / factor;
  const views = new Float32Array(count * 4 * size * size);
  const share = 1 / (255 * factor ** 2);
  for (let y = 0; y < own; y++) {
    for (let x = 0; x < strip.width; x++) {
      const from = 4 * (y * strip.width + x);
      const view = Math.floor(x / own);
      const column = Math.floor((x % own) / factor);
      const to = view * 4 * size ** 2 + Math.floor(y / factor) * size + column;
      const alpha = strip.data[from + 3]! / 255;
      for (let c = 0; c < 3; c++) {
        views[to + c * size ** 2]! += strip.data[from + c]! * alpha * share;
      }
      views[to + 3 * size ** 2]! += alpha * 255 * share;
    }
  }
  return views;
}
