import type { SquareViews } from '../../src/retrieval/views';

/** What a pixel is: straight colour and alpha, in [0, 1]. */
export type Pixel = readonly [red: number, green: number, blue: number, alpha: number];

/** Views made pixel by pixel, each from its place relative to the centre of the picture. */
export function drawn(
  size: number,
  pixel: (x: number, y: number, view: number) => Pixel,
  count = 1,
): SquareViews {
  const views = new Float32Array(count * 4 * size * size);
  const plane = size * size;
  for (let view = 0; view < count; view++) {
    for (let i = 0; i < plane; i++) {
      const [x, y] = [(i % size) - (size - 1) / 2, Math.floor(i / size) - (size - 1) / 2];
      const [red, green, blue, alpha] = pixel(x, y, view);
      for (const [c, value] of [red * alpha, green * alpha, blue * alpha, alpha].entries()) {
        views[(4 * view + c) * plane + i] = value;
      }
    }
  }
  return { views, count, size };
}

/** A disc whose alpha falls linearly from 1 to 0 over `ramp` pixels about its outline. */
export const disc = (size: number, radius: number, ramp: number, opacity = 1): SquareViews =>
  drawn(size, (x, y) => {
    const beyond = (Math.hypot(x, y) - radius) / ramp + 0.5;
    return [0.5, 0.5, 0.5, opacity * Math.min(Math.max(1 - beyond, 0), 1)];
  });
