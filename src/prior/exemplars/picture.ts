import { LimbeckError } from '../../errors';
import type { Image } from '../../image/image';
import { type Background, withoutBackground } from './background';

/** Half the diagonal of an object's box in a view, in half views: about as large as rendered objects are seen. */
const extent = 0.85;

/** The least side of what is seen, in pixels, that tells anything. */
const leastSide = 8;

/** Alpha from which a pixel belongs to the object, of 255. */
const solid = 32;

/**
 * A picture of an object as the first view of an exemplar: without its background, in the middle, as large as
 * rendered objects are.
 * @param name of the file, for errors.
 * @param size side of the view.
 * @returns f32 [4, size, size] in [0, 1], premultiplied.
 * @throws LimbeckError when nothing, or too little, is left.
 */
export function pictureView(
  picture: Image,
  name: string,
  size: number,
  keepBackground = false,
): { readonly view: Float32Array; readonly background: Background } {
  const { image, background } = withoutBackground(picture, keepBackground);
  const box = boxOf(image);
  if (!box) {
    throw background.kind === 'removed'
      ? new LimbeckError(
          `${name} shows nothing but its background, ${background.colour}.`,
          'Give a picture of one object, or keep the background (--keep-background).',
        )
      : new LimbeckError(`${name} is empty: all of it is transparent.`, 'Give another picture.');
  }
  const side = Math.max(box.width, box.height);
  if (side < leastSide) {
    throw new LimbeckError(
      `${name} shows something of ${box.width} x ${box.height} pixels: that is too small to tell what it is.`,
      `Give a picture of at least ${leastSide} pixels; 64 and more are better.`,
    );
  }
  // Source pixels of a half view: what is square may fill it, what is not is measured by its diagonal.
  const half = Math.hypot(box.width, box.height) / 2 / extent;
  const centre = [box.left + box.width / 2, box.top + box.height / 2] as const;
  return { view: resampled(image, centre, half, size), background };
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The box around what is seen. */
function boxOf({ data, width, height }: Image): Box | undefined {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (data[4 * (y * width + x) + 3]! < solid) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  return right < 0 ? undefined : { left, top, width: right + 1 - left, height: bottom + 1 - top };
}

/** The square about `centre` that reaches `half` far, each pixel the mean over its part of the image. */
function resampled(
  image: Image,
  [centreX, centreY]: readonly [number, number],
  half: number,
  size: number,
): Float32Array {
  const { data, width, height } = image;
  const view = new Float32Array(4 * size * size);
  const step = (2 * half) / size;
  const samples = Math.max(1, Math.ceil(step));
  for (let i = 0; i < size * size; i++) {
    const [left, top] = [
      centreX - half + (i % size) * step,
      centreY - half + Math.floor(i / size) * step,
    ];
    for (let s = 0; s < samples ** 2; s++) {
      const x = Math.floor(left + (((s % samples) + 0.5) / samples) * step);
      const y = Math.floor(top + ((Math.floor(s / samples) + 0.5) / samples) * step);
      if (x < 0 || y < 0 || x >= width || y >= height) continue;
      const at = 4 * (y * width + x);
      const alpha = data[at + 3]! / 255 / samples ** 2;
      for (let c = 0; c < 3; c++) view[c * size * size + i]! += (data[at + c]! / 255) * alpha;
      view[3 * size * size + i]! += alpha;
    }
  }
  return view;
}
