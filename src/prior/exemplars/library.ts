import { LimbeckError } from '../../errors';
import type { Image } from '../../image/image';
import { type LoadProgress, type ModelFiles, parseJson, readVerified } from '../files';
import type { ModelFile } from '../manifest';
import { besideIndex, type LibraryIndex, parseIndex } from './index_file';
import { scaledViews } from './views';

/** Whose work an object is. */
export interface Attribution {
  readonly author: string;
  readonly source: string;
  readonly licence: string;
}

/** Decodes a picture; @throws Error saying what is wrong with the bytes. */
type PictureReader = (bytes: Uint8Array<ArrayBuffer>) => Promise<Image>;

/** Objects that a prior may be shown, each in a strip of views from the exemplar cameras. */
export class Library {
  readonly index: LibraryIndex;
  readonly #path: string;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #decode: PictureReader;
  /** Pages that were decoded. */
  readonly #pages = new Map<number, Promise<Image>>();

  private constructor(
    index: LibraryIndex,
    path: string,
    bytes: Uint8Array<ArrayBuffer>,
    decode: PictureReader,
  ) {
    this.index = index;
    this.#path = path;
    this.#bytes = bytes;
    this.#decode = decode;
  }

  /**
   * Reads the index, then the file that it names.
   * @throws LimbeckError naming a file that is missing, truncated or altered.
   */
  static async load(
    files: ModelFiles,
    entry: ModelFile,
    decode: PictureReader,
    onProgress?: LoadProgress,
  ): Promise<Library> {
    const index = parseIndex(
      parseJson(entry.path, await readVerified(files, entry, onProgress)),
      entry.path,
    );
    const file = besideIndex(entry.path, index.file);
    return new Library(index, file.path, await readVerified(files, file, onProgress), decode);
  }

  /** Cosines of a meaning, a feature of the text encoder [D], and of those of all phrases. */
  cosines(sentence: Float32Array): Float32Array {
    const { at, width, scale, basis } = this.index.sentences;
    const norm = Math.hypot(...sentence);
    const inBasis = Float32Array.from({ length: width }, (_, k) =>
      dot(this.#bytesAt(basis.at + k * basis.of, basis.of), sentence),
    );
    // Rows are rounded: that of a phrase itself may come out a little longer than one.
    return Float32Array.from(this.index.phrases, (_, i) =>
      Math.min(
        1,
        (dot(this.#bytesAt(at + i * width, width), inBasis) * scale * basis.scale) / norm,
      ),
    );
  }

  /** What object `i` is called. */
  nameOf(i: number): string {
    const { objects, phrases } = this.index;
    return phrases[objects[i]!.phrases[0]!]!;
  }

  attributionOf(i: number): Attribution {
    return this.index.sources[this.index.objects[i]!.source]!;
  }

  /** The object of an id, or undefined. */
  find(id: string): number | undefined {
    const i = this.index.objects.findIndex((object) => object.id === id);
    return i < 0 ? undefined : i;
  }

  /** The strip of object `i`: [size, views * size], straight alpha. */
  async strip(i: number): Promise<Image> {
    const { size, views, pages } = this.index;
    const perPage = pages.columns * pages.rows;
    const page = await this.#page(Math.floor(i / perPage));
    const place = i % perPage;
    const width = views * size;
    const left = (place % pages.columns) * width;
    const top = Math.floor(place / pages.columns) * size;
    const data = new Uint8ClampedArray(4 * width * size);
    for (let row = 0; row < size; row++) {
      const from = 4 * ((top + row) * page.width + left);
      data.set(page.data.subarray(from, from + 4 * width), 4 * row * width);
    }
    return { data, width, height: size };
  }

  /** The first view of object `i`: [size, size], straight alpha. */
  async front(i: number): Promise<Image> {
    const { size } = this.index;
    const { data, width } = await this.strip(i);
    const rows = Array.from({ length: size }, (_, y) =>
      data.subarray(4 * y * width, 4 * (y * width + size)),
    );
    const front = new Uint8ClampedArray(4 * size * size);
    rows.forEach((row, y) => {
      front.set(row, 4 * y * size);
    });
    return { data: front, width: size, height: size };
  }

  /**
   * The views of object `i`, f32 [V, 4, size, size] in [0, 1], premultiplied.
   * @throws LimbeckError when the library has no such size.
   */
  async views(i: number, size: number): Promise<Float32Array> {
    const { size: own, views } = this.index;
    if (own % size !== 0) {
      throw new LimbeckError(
        `${this.#path} has views of ${own} pixels, of which those of ${size} cannot be made.`,
        'Write a library of that size.',
      );
    }
    return scaledViews(await this.strip(i), views, own / size);
  }

  #bytesAt(at: number, length: number): Int8Array {
    return new Int8Array(this.#bytes.buffer, this.#bytes.byteOffset + at, length);
  }

  #page(i: number): Promise<Image> {
    const made = this.#pages.get(i) ?? this.#decoded(i);
    this.#pages.set(i, made);
    return made;
  }

  async #decoded(i: number): Promise<Image> {
    const { pages, size, views } = this.index;
    const [at, length] = pages.places[i]!;
    // A copy; the `slice` of Node's Buffer would be none.
    const bytes = new Uint8Array(this.#bytes.subarray(at, at + length));
    const page = await this.#decode(bytes).catch((error: Error) => {
      throw new LimbeckError(
        `Page ${i} of ${this.#path} cannot be read: ${error.message}.`,
        'Download it again.',
      );
    });
    const [width, height] = [pages.columns * views * size, pages.rows * size];
    if (page.width === width && page.height <= height && page.height % size === 0) return page;
    throw new LimbeckError(
      `Page ${i} of ${this.#path} has ${page.width} x ${page.height} pixels, not ${width} x ${height}.`,
      'Write the library again.',
    );
  }
}

function dot(a: Int8Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
