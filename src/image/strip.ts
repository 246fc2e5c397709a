import type { Image } from './image';

export interface StripOptions {
  /** Number of views, V. */
  readonly count: number;
  /** Their side in pixels. */
  readonly size: number;
  /** Display sRGB in [0, 1] behind the views; null keeps them transparent. Default white. */
  readonly background?: readonly [number, number, number] | null;
}

/**
 * Square views side by side.
 * @param views f32 [V, 4, size, size], RGB premultiplied by alpha, display sRGB, row 0 at the top.
 * @throws RangeError when there are not so many values.
 */
export function viewsToImage(
  views: Float32Array,
  { count, size, background = [1, 1, 1] }: StripOptions,
): Image {
  const plane = size * size;
  if (views.length !== count * 4 * plane) {
    throw new RangeError(
      `${count} views of ${size} x ${size} have ${count * 4 * plane} values, not ${views.length}.`,
    );
  }
  const data = new Uint8ClampedArray(count * plane * 4);
  for (let view = 0; view < count; view++) {
    for (let i = 0; i < plane; i++) {
      const at = view * 4 * plane + i;
      const row = Math.floor(i / size);
      const out = 4 * ((row * count + view) * size + (i % size));
      const alpha = views[at + 3 * plane]!;
      for (let c = 0; c < 3; c++) {
        const colour = views[at + c * plane]!;
        const straight = alpha > 0 ? colour / alpha : 0;
        data[out + c] = 255 * (background ? colour + (1 - alpha) * background[c]! : straight);
      }
      data[out + 3] = background ? 255 : 255 * alpha;
    }
  }
  return { data, width: count * size, height: size };
}

/** Images of one width, the first at the top. */
export function stacked(images: readonly Image[]): Image {
  const width = images[0]?.width ?? 0;
  const height = images.reduce((sum, image) => sum + image.height, 0);
  const data = new Uint8ClampedArray(4 * width * height);
  let at = 0;
  for (const image of images) {
    data.set(image.data, at);
    at += image.data.length;
  }
  return { data, width, height };
}
