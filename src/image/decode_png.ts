import type { Image } from './image';

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

/**
 * Decodes a PNG (W3C, third edition) of any colour type and depth, interlaced or not, in a page, a Worker and Node
 * alike: a canvas would convert colours, and lose those of transparent pixels. 16 bits are rounded to 8; colour
 * profiles and gamma are ignored.
 * @throws Error or RangeError saying what is wrong with the bytes.
 */
export async function decodePng(bytes: Uint8Array<ArrayBuffer>): Promise<Image> {
  const png = parse(bytes);
  const { width, height, channels, depth } = png;
  const lines = await inflated(png.data);
  const data = new Uint8ClampedArray(4 * width * height);
  const bits = channels * depth;
  let at = 0;
  for (const { x, y, dx, dy } of png.interlaced ? adam7 : wholeImage) {
    const [columns, rows] = [Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)];
    if (columns <= 0 || rows <= 0) continue;
    const lineBytes = Math.ceil((columns * bits) / 8);
    const end = at + rows * (1 + lineBytes);
    if (end > lines.length) throw new Error('its pixels end too early');
    unfilter(lines.subarray(at, end), lineBytes, Math.ceil(bits / 8));
    for (let row = 0; row < rows; row++) {
      const line = lines.subarray(at + 1, at + 1 + lineBytes);
      const first = (y + row * dy) * width + x;
      for (let column = 0; column < columns; column++) {
        writePixel(png, line, column, data, 4 * (first + column * dx));
      }
      at += 1 + lineBytes;
    }
  }
  return { data, width, height };
}

function parse(bytes: Uint8Array<ArrayBuffer>): PngFile {
  if (signature.some((byte, i) => bytes[i] !== byte)) throw new Error('it is no PNG');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks = new Map<string, Uint8Array<ArrayBuffer>[]>();
  for (let at = signature.length; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (at + 8 + length > bytes.length) throw new Error(`it ends within its chunk ${type}`);
    chunks.set(type, [...(chunks.get(type) ?? []), bytes.subarray(at + 8, at + 8 + length)]);
    // Each chunk is followed by its checksum, 4 bytes. The pixels have another one, which inflating compares.
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

async function inflated(data: Blob): Promise<Uint8Array> {
  const stream = data.stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * Undoes the filters of scanlines, in place.
 * @param lines u8 [rows, 1 + lineBytes]: a filter's number, then the line.
 * @param pixelBytes bytes to the pixel on the left; 1 where several pixels share a byte.
 */
function unfilter(lines: Uint8Array, lineBytes: number, pixelBytes: number): void {
  const stride = 1 + lineBytes;
  for (let start = 0; start < lines.length; start += stride) {
    const filter = lines[start]!;
    if (filter > 4) throw new Error(`it has a filter ${filter}`);
    for (let i = 1; i < stride; i++) {
      const at = start + i;
      const left = i > pixelBytes ? lines[at - pixelBytes]! : 0;
      const above = start > 0 ? lines[at - stride]! : 0;
      if (filter === 1) lines[at]! += left;
      else if (filter === 2) lines[at]! += above;
      else if (filter === 3) lines[at]! += (left + above) >> 1;
      else if (filter === 4) {
        const corner = start > 0 && i > pixelBytes ? lines[at - stride - pixelBytes]! : 0;
        lines[at]! += paeth(left, above, corner);
      }
    }
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
