import type { Image } from '../../image/image';

/** What became of a picture's background. */
export type Background =
  /** The picture came with transparency. */
  | { readonly kind: 'transparent' }
  /** It was of one colour at the border, and was removed. */
  | { readonly kind: 'removed'; readonly colour: string }
  /** It is of no one colour, or was to be kept. */
  | { readonly kind: 'kept'; readonly plain: boolean };

/** Alphas below this count as see-through, and so large a share of a picture as one that was cut out. */
const seeThrough = 250;
const cutOut = 0.01;

/** How much of the border must be near its usual colour, and how near, in 8-bit RGB. */
const plainShare = 0.7;
const near = 42;
/** Below this distance a pixel is all background; up to `near` it is so in part. */
const same = 18;

/**
 * Removes what surrounds an object in a picture: by the alpha that it has, else whatever is joined to the border and
 * near to the border's usual colour.
 * @param keep leaves an opaque picture as it is.
 */
export function withoutBackground(
  picture: Image,
  keep = false,
): { readonly image: Image; readonly background: Background } {
  const { data, width, height } = picture;
  const count = width * height;
  let transparent = 0;
  for (let i = 0; i < count; i++) if (data[4 * i + 3]! < seeThrough) transparent++;
  if (transparent > cutOut * count) return { image: picture, background: { kind: 'transparent' } };
  const colour = borderColour(picture);
  if (!colour || keep) {
    return { image: picture, background: { kind: 'kept', plain: colour !== undefined } };
  }
  const distances = Float32Array.from({ length: count }, (_, i) => distance(data, i, colour));
  const outside = joinedToBorder(width, height, (i) => distances[i]! < near);
  const image = { data: data.slice(), width, height };
  outside.forEach((isOutside, i) => {
    if (!isOutside) return;
    image.data[4 * i + 3] = 255 * Math.max(0, (distances[i]! - same) / (near - same));
  });
  const hex = colour.map((value) => value.toString(16).padStart(2, '0')).join('');
  return { image, background: { kind: 'removed', colour: `#${hex}` } };
}

/** The median of the border's pixels; undefined where too few of them are near to it. */
function borderColour({ data, width, height }: Image): readonly number[] | undefined {
  const border: number[] = [];
  for (let x = 0; x < width; x++) border.push(x, (height - 1) * width + x);
  for (let y = 1; y < height - 1; y++) border.push(y * width, y * width + width - 1);
  const median = [0, 1, 2].map(
    (c) => border.map((i) => data[4 * i + c]!).sort((a, b) => a - b)[border.length >> 1]!,
  );
  const fits = border.filter((i) => distance(data, i, median) < near).length;
  return fits >= plainShare * border.length ? median : undefined;
}

const distance = (data: Uint8ClampedArray, i: number, colour: readonly number[]): number =>
  Math.hypot(...colour.map((value, c) => data[4 * i + c]! - value));

/** Which pixels are reached from the border over those that `may` be. */
function joinedToBorder(width: number, height: number, may: (i: number) => boolean): boolean[] {
  const reached = new Array<boolean>(width * height).fill(false);
  const waiting: number[] = [];
  const visit = (x: number, y: number) => {
    const i = y * width + x;
    if (x < 0 || y < 0 || x >= width || y >= height || reached[i] || !may(i)) return;
    reached[i] = true;
    waiting.push(i);
  };
  for (let x = 0; x < width; x++) for (const y of [0, height - 1]) visit(x, y);
  for (let y = 0; y < height; y++) for (const x of [0, width - 1]) visit(x, y);
  for (let i = waiting.pop(); i !== undefined; i = waiting.pop()) {
    const [x, y] = [i % width, Math.floor(i / width)];
    visit(x - 1, y);
    visit(x + 1, y);
    visit(x, y - 1);
    visit(x, y + 1);
  }
  return reached;
}
