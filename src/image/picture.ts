import jpeg from 'jpeg-js';
import { TGALoader } from 'three/addons/loaders/TGALoader.js';
import { decodeBitmap, hasBitmaps } from './bitmap';
import { decodePng } from './decode_png';
import type { Image } from './image';
import type { PlatformDecoder, PlatformFormat } from './platform';
import { ShrinkingImage } from './shrinking_image';

/** Formats that a file tells by its first bytes. */
type Format = 'PNG' | 'JPEG' | 'WebP' | 'AVIF' | 'GIF' | 'BMP' | 'KTX2' | 'DDS' | 'TIFF' | 'SVG';

export interface PictureOptions {
  /** For WebP, AVIF, GIF and BMP, which are refused without it. Default: the browser's own where there is one. */
  readonly platform?: PlatformDecoder | undefined;
  /** A picture of more pixels is halved until it has no more. Default: no limit. */
  readonly most?: number;
  /** The file's name: TGA has no first bytes of its own. */
  readonly name?: string;
}

const platformFormats: readonly string[] = [
  'WebP',
  'AVIF',
  'GIF',
  'BMP',
] satisfies PlatformFormat[];

const browserDecoder = () => (hasBitmaps() ? decodeBitmap : undefined);

/** What is read, in words. */
export const pictureFormats = (platform: PlatformDecoder | undefined = browserDecoder()): string =>
  platform ? 'PNG, JPEG, WebP, AVIF, GIF, BMP and TGA' : 'PNG, JPEG and TGA';

/** First bytes of formats, at some place in a file. */
const signatures: readonly [format: Format, at: number, start: string][] = [
  ['PNG', 0, '\x89PNG'],
  ['JPEG', 0, '\xff\xd8'],
  ['WebP', 8, 'WEBP'],
  ['AVIF', 4, 'ftypavi'],
  ['GIF', 0, 'GIF8'],
  ['BMP', 0, 'BM'],
  ['KTX2', 1, 'KTX 20'],
  ['DDS', 0, 'DDS '],
  ['TIFF', 0, 'II*\0'],
  ['TIFF', 0, 'MM\0*'],
  ['SVG', 0, '<svg'],
];

/** The format that a picture's first bytes tell. */
function pictureFormat(bytes: Uint8Array): Format | undefined {
  const text = String.fromCharCode(...bytes.subarray(0, 16));
  return signatures.find(([, at, start]) => text.startsWith(start, at))?.[0];
}

/** Sides beyond which no decoder is asked: a header's numbers cost nothing, their memory does. */
const mostPixels = 2 ** 27;

/**
 * Decodes a picture, in a page, a Worker and Node alike: straight alpha, display sRGB.
 * @throws Error saying what is wrong with the bytes, or which formats are read.
 */
export async function decodePicture(
  bytes: Uint8Array<ArrayBuffer>,
  { platform = browserDecoder(), most = mostPixels, name = '' }: PictureOptions = {},
): Promise<Image> {
  const format = pictureFormat(bytes);
  if (format === 'PNG') return decodePng(bytes, most);
  if (format === 'JPEG') return shrunk(decodeJpeg(bytes), most);
  if (format && platform && platformFormats.includes(format)) {
    return shrunk(await platform(bytes, format as PlatformFormat), most);
  }
  if (!format && /\.tga$/i.test(name)) return shrunk(decodeTga(bytes), most);
  throw new Error(`it is ${format ? `a ${format} picture` : 'no picture of a known format'}`);
}

/** The most memory that decoding a JPEG may take, in MB: over 100 million pixels fit. */
const jpegMemory = 2048;

/** A byte of a JPEG stands for at most so many pixels: a block of 64 takes at least a bit. */
const jpegPixelsOfByte = 512;

function decodeJpeg(bytes: Uint8Array): Image {
  const size = jpegSize(bytes);
  if (size && size.width * size.height > jpegPixelsOfByte * bytes.length) {
    throw new Error(`it ends too early for ${size.width} x ${size.height} pixels`);
  }
  const options = { useTArray: true, maxMemoryUsageInMB: jpegMemory } as const;
  const { data, width, height } = jpeg.decode(bytes, options);
  return { data: new Uint8ClampedArray(data.buffer as ArrayBuffer), width, height };
}

/** Sides that a JPEG's frame header names. */
function jpegSize(bytes: Uint8Array): { width: number; height: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 2; at + 9 < bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1]!;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
  return undefined;
}

function decodeTga(bytes: Uint8Array<ArrayBuffer>): Image {
  const parsed = new TGALoader().parse(bytes.slice().buffer) as unknown as Image | undefined;
  if (!parsed) throw new Error('it is no TGA');
  const { data, width, height } = parsed;
  return { data: new Uint8ClampedArray(data.buffer), width, height };
}

/** An image of at most so many pixels. */
function shrunk(image: Image, most: number): Image {
  const { data, width, height } = image;
  if (width * height <= most) return image;
  const smaller = new ShrinkingImage(width, height, most);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) smaller.add(x, y, data, 4 * (y * width + x));
  }
  return smaller.image();
}
