import { decodePicture, pictureFormats } from '../image/picture';
import { ObjectError, type TextureImage, type Wrap } from './object_mesh';
import type { Reading } from './reading';
import { mipLevels } from './texture_image';

/** Texels that an object's textures may have together, and one of them: four bytes each, and a third for mip levels. */
const most = { together: 2 ** 26, each: 2 ** 24 };

/** A picture's bytes, and what errors call it. */
export interface PictureFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export type Levels = TextureImage['levels'];

/** The decoded textures of an object, each file once, within the memory that there is. */
export class Textures {
  readonly #reading: Reading;
  readonly #decoded = new Map<string, Levels>();
  #texels = 0;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  /**
   * A picture and its mip levels; a large one is halved while it is read.
   * @param mask where texels are holes: a picture whose brightness is their alpha.
   * @throws ObjectError for a damaged file or another format.
   */
  async levels(file: PictureFile, mask?: PictureFile): Promise<Levels> {
    const key = JSON.stringify([file.name, mask?.name]);
    const known = this.#decoded.get(key);
    if (known) return known;
    const image = await this.#decode(file);
    if (mask) cutOut(image, await this.#decode(mask));
    const levels = mipLevels(image);
    this.#texels += image.width * image.height;
    this.#decoded.set(key, levels);
    return levels;
  }

  async #decode({ name, bytes }: PictureFile) {
    const left = Math.max(most.together - this.#texels, 2 ** 18);
    try {
      return await decodePicture(bytes, {
        platform: this.#reading.platform,
        most: Math.min(most.each, left / 2),
        name,
      });
    } catch (error) {
      throw new ObjectError(
        `${name}, a texture of ${this.#reading.name}, cannot be read: ${(error as Error).message}.`,
        `Save it anew: ${pictureFormats(this.#reading.platform)} are read.`,
      );
    }
  }
}

type Pixels = Levels[number];

/** Gives an image the alpha of another: of its alpha channel where it has one, else of its brightness. */
function cutOut(image: Pixels, mask: Pixels): void {
  const hasAlpha = hasHoles(mask);
  for (let y = 0; y < image.height; y++) {
    const row = Math.floor((y * mask.height) / image.height) * mask.width;
    for (let x = 0; x < image.width; x++) {
      const from = 4 * (row + Math.floor((x * mask.width) / image.width));
      image.data[4 * (y * image.width + x) + 3] = mask.data[from + (hasAlpha ? 3 : 0)]!;
    }
  }
}

/** Whether some texel is not opaque. */
function hasHoles({ data }: Pixels): boolean {
  for (let i = 3; i < data.length; i += 4) if (data[i]! < 255) return true;
  return false;
}

/**
 * The alpha below which texels are holes, for formats that do not say it: one half, where some of the picture is
 * there and some is not. A picture without an opaque texel keeps something else in its alpha.
 */
export function cutoffOf(levels: Levels): number {
  const { data } = levels[0]!;
  let [holes, solid] = [false, false];
  for (let i = 3; i < data.length && !(holes && solid); i += 4) {
    if (data[i]! < 128) holes = true;
    else solid = true;
  }
  return holes && solid ? 0.5 : 0;
}

/** A texture that shows a picture. */
export const textureOf = (levels: Levels, wrapS: Wrap = 'repeat', wrapT = wrapS): TextureImage => ({
  levels,
  wrapS,
  wrapT,
});
