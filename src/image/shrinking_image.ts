import type { Image } from './image';

/** How far an image is shrunk at most: sums of as many bytes squared fit 16 bits. */
const mostShrinking = 16;

/** An image that receives the pixels of a larger one: a pixel is the mean of those that it stands for. */
export class ShrinkingImage {
  /** Binary logarithm of the factor by which sides shrink. */
  readonly #shift: number;
  readonly #width: number;
  readonly #height: number;
  readonly #pixels: number;
  readonly #data: Uint8ClampedArray<ArrayBuffer>;
  /** Sums of several pixels; undefined where nothing is shrunk. */
  readonly #sums: Uint16Array | undefined;

  /**
   * @param most pixels that it may have; both sides are halved until that is so.
   * @throws Error where that takes too many halvings.
   */
  constructor(width: number, height: number, most: number) {
    let factor = 1;
    const shrunk = (side: number) => Math.max(1, Math.floor(side / factor));
    while (shrunk(width) * shrunk(height) > most) factor *= 2;
    if (factor > mostShrinking) throw new Error(`it has ${width} x ${height} pixels, too many`);
    this.#shift = Math.log2(factor);
    this.#width = shrunk(width);
    this.#height = shrunk(height);
    this.#pixels = Math.min(factor, width) * Math.min(factor, height);
    const values = 4 * this.#width * this.#height;
    this.#data = new Uint8ClampedArray(values);
    this.#sums = factor > 1 ? new Uint16Array(values) : undefined;
  }

  /** Takes the pixel of the larger image at (x, y). @param pixels RGBA, from `from` on. */
  add(x: number, y: number, pixels: Uint8ClampedArray, from: number): void {
    const [column, row] = [x >> this.#shift, y >> this.#shift];
    if (column >= this.#width || row >= this.#height) return;
    const at = 4 * (row * this.#width + column);
    const to = this.#sums ?? this.#data;
    to[at]! += pixels[from]!;
    to[at + 1]! += pixels[from + 1]!;
    to[at + 2]! += pixels[from + 2]!;
    to[at + 3]! += pixels[from + 3]!;
  }

  image(): Image {
    const sums = this.#sums;
    for (let i = 0; sums && i < sums.length; i++) this.#data[i] = sums[i]! / this.#pixels;
    return { data: this.#data, width: this.#width, height: this.#height };
  }
}
