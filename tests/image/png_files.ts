import { crc32, deflateSync } from 'node:zlib';

export interface PngShape {
  readonly width: number;
  readonly height: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey with alpha, 6 RGBA. */
  readonly type: number;
  /** Bits of a sample. */
  readonly depth: number;
  readonly interlaced?: boolean;
  /** One colour is transparent, or the first two of the palette are. */
  readonly keyed?: boolean;
  /** Number of the filter that all lines say they have. */
  readonly filter?: number;
}

const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const colours = 5;
const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** A PNG file of any kind, its bytes those of some pattern: filters are named and not applied. */
export function pngFile(shape: PngShape): Uint8Array<ArrayBuffer> {
  const { width, height, type, depth, interlaced = false, keyed = false, filter = 0 } = shape;
  const channels = channelsOf[type]!;
  const values = type === 3 ? Math.min(2 ** depth, colours) : 2 ** depth;
  const sample = (x: number, y: number, c: number) =>
    (7 * x + 13 * y + 5 * c + (x * y) ** 2) % values;
  const lines: Buffer[] = [];
  for (const [x0, y0, dx, dy] of interlaced ? passes : [[0, 0, 1, 1] as const]) {
    const columns = Math.ceil((width - x0) / dx);
    for (let y = y0; y < height && columns > 0; y += dy) {
      const line = Buffer.alloc(1 + Math.ceil((columns * channels * depth) / 8));
      line[0] = filter;
      for (let i = 0; i < columns * channels; i++) {
        const value = sample(x0 + Math.floor(i / channels) * dx, y, i % channels);
        if (depth === 16) line.writeUInt16BE(value, 1 + 2 * i);
        else line[1 + ((i * depth) >> 3)]! |= value << (8 - depth - ((i * depth) & 7));
      }
      lines.push(line);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, type, 0, 0, interlaced ? 1 : 0], 8);
  const key = Array.from({ length: channels }, (_, c) => sample(1, 1, c));
  return new Uint8Array(
    Buffer.concat([
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
      chunk('IHDR', header),
      ...(type === 3
        ? [
            chunk(
              'PLTE',
              Uint8Array.from({ length: 3 * values }, (_, i) => 16 * i),
            ),
          ]
        : []),
      ...(keyed
        ? [
            chunk(
              'tRNS',
              Uint8Array.from(type === 3 ? [10, 200] : key.flatMap((v) => [v >> 8, v & 255])),
            ),
          ]
        : []),
      chunk('IDAT', deflateSync(Buffer.concat(lines))),
      chunk('IEND', new Uint8Array(0)),
    ]),
  );
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}
