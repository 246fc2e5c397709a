import type { Image } from './image';
import { ShrinkingImage } from './shrinking_image';

/** A file's first bytes. */
const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Samples of a pixel by colour type: grey, RGB, palette index, grey with alpha, RGBA. */
const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const paletteType = 3;

/** The passes of an interlaced image: its pixels from (x, y) on, every dx-th and dy-th. */
const adam7 = [
  { x: 0, y: 0, dx: 8, dy: 8 },
  { x: 4, y: 0, dx: 8, dy: 8 },
  { x: 0, y: 4, dx: 4, dy: 8 },
  { x: 2, y: 0, dx: 4, dy: 4 },
  { x: 0, y: 2, dx: 2, dy: 4 },
  { x: 1, y: 0, dx: 2, dy: 2 },
  { x: 0, y: 1, dx: 1, dy: 2 },
];
const wholeImage = [{ x: 0, y: 0, dx: 1, dy: 1 }];

/** Chunks that decide what the pixels are. */
const needed = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT']);

interface PngFile {
  readonly width: number;
  readonly height: number;
  /** Bits of a sample. */
  readonly depth: number;
  readonly type: number;
  readonly channels: number;
  readonly interlaced: boolean;
  /** u8 [colours, 3] */
  readonly palette: Uint8Array;
  /** The chunk tRNS: alphas of the palette's first colours, or the samples, u16, of the one transparent colour. */
  readonly transparency: Uint8Array;
  /** Compressed scanlines. */
  readonly data: Blob;
}

/** A deflated byte stands for at most so many (RFC 1951: 258 for two bits, less the codes' own cost). */
const mostInflation = 1032;

/**
 * Decodes a PNG (W3C, third edition) of any colour type and depth, interlaced or not, in a page, a Worker and Node
 * alike: a canvas would convert colours, and lose those of transparent pixels. 16 bits are rounded to 8; colour
 * profiles and gamma are ignored, and so is what follows the file's end.
 * @param most pixels; an image of more is halved while it is read, until it has no more.
 * @throws Error saying what is wrong with the bytes.
 */
export async function decodePng(
  bytes: Uint8Array<ArrayBuffer>,
  most = Number.POSITIVE_INFINITY,
): Promise<Image> {
  const png = parse(bytes);
  const { width, height, channels, depth } = png;
  const bits = channels * depth;
  const size = (Math.ceil((width * bits) / 8) + 1) * height;
  if (size > mostInflation * (png.data.size + 1)) throw new Error('its pixels end too early');
  const shrunk = new ShrinkingImage(width, height, most);
  const source = new ByteSource(png.data);
  const pixel = new Uint8ClampedArray(4);
  for (const { x, y, dx, dy } of png.interlaced ? adam7 : wholeImage) {
    const [columns, rows] = [Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)];
    if (columns <= 0 || rows <= 0) continue;
    const lineBytes = Math.ceil((columns * bits) / 8);
    let above = new Uint8Array(1 + lineBytes);
    let line = new Uint8Array(1 + lineBytes);
    for (let row = 0; row < rows; row++) {
      if (!source.take(line)) await source.fill(line);
      unfilter(line, above, Math.ceil(bits / 8));
      const samples = line.subarray(1);
      for (let column = 0; column < columns; column++) {
        pixel.fill(0);
        writePixel(png, samples, column, pixel, 0);
        shrunk.add(x + column * dx, y + row * dy, pixel, 0);
      }
      [above, line] = [line, above];
    }
  }
  source.close();
  return shrunk.image();
}

function parse(bytes: Uint8Array<ArrayBuffer>): PngFile {
  if (signature.some((byte, i) => bytes[i] !== byte)) throw new Error('it is no PNG');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks = new Map<string, Uint8Array<ArrayBuffer>[]>();
  for (let at = signature.length; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (type === 'IEND') break;
    if (at + 12 + length > bytes.length) throw new Error(`it ends within its chunk ${type}`);
    const body = bytes.subarray(at + 8, at + 8 + length);
    // Who reads the chunk must read it right; the others (names, times, profiles) may be damaged.
    if (
      needed.has(type) &&
      checksum(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length)
    ) {
      throw new Error(`its chunk ${type} is damaged (its checksum does not fit)`);
    }
    const same = chunks.get(type);
    if (same) same.push(body);
    else chunks.set(type, [body]);
    at += 12 + length;
  }
  const header = chunks.get('IHDR')?.[0];
  if (header?.length !== 13) throw new Error('it has no header');
  const size = new DataView(header.buffer, header.byteOffset);
  const [depth, type, , , interlace] = header.subarray(8) as unknown as number[];
  const channels = channelsOf[type!];
  if (!channels || ![1, 2, 4, 8, 16].includes(depth!)) {
    throw new Error(`it has colour type ${type} in ${depth} bits`);
  }
  if (size.getUint32(0) === 0 || size.getUint32(4) === 0) throw new Error('it has no pixels');
  return {
    width: size.getUint32(0),
    height: size.getUint32(4),
    depth: depth!,
    type: type!,
    channels,
    interlaced: interlace === 1,
    palette: chunks.get('PLTE')?.[0] ?? new Uint8Array(0),
    transparency: chunks.get('tRNS')?.[0] ?? new Uint8Array(0),
    data: new Blob(chunks.get('IDAT') ?? []),
  };
}

/** The inflated bytes of a stream, a line at a time. */
class ByteSource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #chunk = new Uint8Array(0);
  #at = 0;

  constructor(data: Blob) {
    this.#reader = data.stream().pipeThrough(new DecompressionStream('deflate')).getReader();
  }

  /** Fills a line from what has been inflated; false, with nothing taken, where that is too short. */
  take(line: Uint8Array): boolean {
    if (this.#chunk.length - this.#at < line.length) return false;
    line.set(this.#chunk.subarray(this.#at, this.#at + line.length));
    this.#at += line.length;
    return true;
  }

  /** Fills a line, inflating what is missing. */
  async fill(line: Uint8Array): Promise<void> {
    for (let filled = 0; filled < line.length; ) {
      const part = this.#chunk.subarray(this.#at, this.#at + line.length - filled);
      line.set(part, filled);
      filled += part.length;
      this.#at += part.length;
      if (filled === line.length) return;
      const { value, done } = await this.#reader.read().catch(() => {
        throw new Error('its pixels are damaged, or end too early');
      });
      if (done) throw new Error('its pixels end too early');
      [this.#chunk, this.#at] = [value as Uint8Array<ArrayBuffer>, 0];
    }
  }

  /** Leaves what follows the last line. */
  close(): void {
    this.#reader.cancel().catch(() => {});
  }
}

/**
 * Undoes the filter of a line, in place.
 * @param line u8 [1 + bytes]: a filter's number, then the samples.
 * @param above the line before it, unfiltered; zeros for the first.
 * @param pixelBytes bytes to the pixel on the left; 1 where several pixels share a byte.
 */
function unfilter(line: Uint8Array, above: Uint8Array, pixelBytes: number): void {
  const filter = line[0]!;
  if (filter > 4) throw new Error(`it has a filter ${filter}`);
  for (let i = 1; i < line.length && filter > 0; i++) {
    const left = i > pixelBytes ? line[i - pixelBytes]! : 0;
    if (filter === 1) line[i]! += left;
    else if (filter === 2) line[i]! += above[i]!;
    else if (filter === 3) line[i]! += (left + above[i]!) >> 1;
    else line[i]! += paeth(left, above[i]!, i > pixelBytes ? above[i - pixelBytes]! : 0);
  }
}

/** Of three neighbours, the one nearest to left + above - corner. */
function paeth(left: number, above: number, corner: number): number {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

/** Writes RGBA at `out` from the samples of a pixel. */
function writePixel(
  { type, channels, depth, palette, transparency }: PngFile,
  line: Uint8Array,
  column: number,
  data: Uint8ClampedArray,
  out: number,
): void {
  // The most common kind by far, without the steps that the others take.
  if (depth === 8 && channels >= 3 && transparency.length === 0) {
    const i = column * channels;
    data[out] = line[i]!;
    data[out + 1] = line[i + 1]!;
    data[out + 2] = line[i + 2]!;
    data[out + 3] = channels === 4 ? line[i + 3]! : 255;
    return;
  }
  const sampleAt = (channel: number): number => {
    const i = column * channels + channel;
    if (depth === 8) return line[i]!;
    if (depth === 16) return (line[2 * i]! << 8) | line[2 * i + 1]!;
    const bit = i * depth;
    return (line[bit >> 3]! >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
  };
  if (type === paletteType) {
    const index = sampleAt(0);
    if (3 * index >= palette.length) throw new Error(`its palette has no colour ${index}`);
    for (let c = 0; c < 3; c++) data[out + c] = palette[3 * index + c]!;
    data[out + 3] = transparency[index] ?? 255;
    return;
  }
  const colours = channels < 3 ? 1 : 3;
  let keyed = transparency.length >= 2 * colours;
  for (let c = 0; c < colours && keyed; c++) {
    keyed = sampleAt(c) === ((transparency[2 * c]! << 8) | transparency[2 * c + 1]!);
  }
  // Pixels of the transparent colour stay 0 in all four.
  if (keyed) return;
  const scale = 255 / (2 ** depth - 1);
  for (let c = 0; c < 3; c++) data[out + c] = Math.round(scale * sampleAt(colours === 1 ? 0 : c));
  data[out + 3] = channels === colours ? 255 : Math.round(scale * sampleAt(colours));
}

/** CRC-32 of each byte (PNG, annex D). */
const checksums = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? 0xedb88320 ^ (sum >>> 1) : sum >>> 1;
  return sum;
});

function checksum(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = checksums[(sum ^ byte) & 255]! ^ (sum >>> 8);
  return ~sum >>> 0;
}
