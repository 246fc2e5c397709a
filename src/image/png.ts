/** 8-bit RGBA, straight alpha, row 0 at the top. */
export interface Image {
  readonly data: Uint8ClampedArray<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

/** Compresses an image; see `encodePng` here for pages and in png_node.ts for Node. */
export type PngEncoder = (image: Image) => Promise<Uint8Array>;

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

/** A PNG by the canvas of a page or Worker. */
export const encodePng: PngEncoder = async ({ data, width, height }) => {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('A 2D canvas is needed to write a PNG, and this page has none.');
  context.putImageData(new ImageData(data, width, height), 0, 0);
  const blob = await canvas.convertToBlob({ type: 'image/png' });
  return new Uint8Array(await blob.arrayBuffer());
};
