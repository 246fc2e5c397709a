import type { Image } from './image';

/** How far an image is shrunk at most: sums of as many bytes squared fit 16 bits. */
const mostShrinking = 16;

/** An image that receives the pixels of a larger one: a pixel is the mean of those that it stands for. */
export class ShrinkingImage {
  readonly #factor: number;
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
    this.#factor = factor;
    this.#width = shrunk(width);
    this.#height = shrunk(height);
    this.#pixels = Math.min(factor, width) * Math.min(factor, height);
    const values = 4 * this.#width * this.#height;
    this.#data = new Uint8ClampedArray(values);
    this.#sums = factor > 1 ? new Uint16Array(values) : undefined;
  }

  /** Takes the pixel of the larger image at (x, y), RGBA. */
  add(x: number, y: number, pixel: Uint8ClampedArray): void {
    const [column, row] = [Math.floor(x / this.#factor), Math.floor(y / this.#factor)];
    if (column >= this.#width || row >= this.#height) return;
    const at = 4 * (row * this.#width + column);
    const to = this.#sums ?? this.#data;
    for (let c = 0; c < 4; c++) to[at + c]! += pixel[c]!;
  }

  image(): Image {
    this.#sums?.forEach((sum, i) => {
      this.#data[i] = sum / this.#pixels;
    });
    return { data: this.#data, width: this.#width, height: this.#height };
  }
}
