import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Image } from './image';
import type { PlatformDecoder, PlatformFormat } from './platform';

const require = createRequire(import.meta.url);

type Decoder = (bytes: Uint8Array<ArrayBuffer>) => Promise<Image>;

const decoders: Readonly<Record<PlatformFormat, () => Promise<Decoder>>> = {
  WebP: async () => {
    const { default: decode, init } = await import('@jsquash/webp/decode.js');
    await init(await wasm('@jsquash/webp/codec/dec/webp_dec.wasm'));
    return async (bytes) => imageOf(await decode(bytes.slice().buffer));
  },
  AVIF: async () => {
    const { default: decode, init } = await import('@jsquash/avif/decode.js');
    await init(await wasm('@jsquash/avif/codec/dec/avif_dec.wasm'));
    return async (bytes) => imageOf(await decode(bytes.slice().buffer));
  },
  GIF: async () => {
    const { GifReader } = await import('omggif');
    return async (bytes) => {
      const gif = new GifReader(bytes);
      const data = new Uint8ClampedArray(4 * gif.width * gif.height);
      gif.decodeAndBlitFrameRGBA(0, data);
      return { data, width: gif.width, height: gif.height };
    };
  },
  BMP: async () => {
    const { decode } = await import('bmp-ts');
    return async (bytes) => {
      const bmp = decode(Buffer.from(bytes), { toRGBA: true });
      const image = imageOf(bmp);
      // Only the later headers say what a fourth byte means; elsewhere browsers show every pixel.
      const hasAlpha = bmp.bitPP === 32 && bmp.headerSize >= 56;
      if (!hasAlpha) for (let i = 3; i < image.data.length; i += 4) image.data[i] = 255;
      return image;
    };
  },
};

const loaded = new Map<PlatformFormat, Promise<Decoder>>();

/** A picture by packages, in Node: the codecs of browsers as WebAssembly, and two in JavaScript. */
export const decodeInNode: PlatformDecoder = async (bytes, format) => {
  const decoder = loaded.get(format) ?? decoders[format]();
  loaded.set(format, decoder);
  const decode = await decoder;
  try {
    return await decode(bytes);
  } catch {
    throw new Error(`it is a damaged ${format} picture`);
  }
};

const wasm = async (path: string) => WebAssembly.compile(await readFile(require.resolve(path)));

function imageOf(image: { data: ArrayLike<number>; width: number; height: number } | null): Image {
  if (!image) throw new Error('it has no pixels');
  const { data, width, height } = image;
  return { data: new Uint8ClampedArray(data), width, height };
}
