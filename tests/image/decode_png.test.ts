import { crc32 } from 'node:zlib';
import { PNG } from 'pngjs';
import { describe, expect, test } from 'vitest';
import { decodePng } from '../../src/image/decode_png';
import { encodePng } from '../../src/image/png_node';
import { type PngShape, pngFile } from './png_files';

const kinds = [
  ...[1, 2, 4, 8, 16].map((depth) => ({ type: 0, depth })),
  ...[1, 2, 4, 8].map((depth) => ({ type: 3, depth })),
  ...[2, 4, 6].flatMap((type) => [8, 16].map((depth) => ({ type, depth }))),
];

type Kind = (typeof kinds)[number];

/** Whether a file is decoded to the bytes that pngjs makes of it. */
async function expectAgreement(shape: PngShape): Promise<void> {
  const file = pngFile(shape);
  const expected = PNG.sync.read(Buffer.from(file));
  const { data, width, height } = await decodePng(file);
  expect([width, height]).toEqual([expected.width, expected.height]);
  expect(Buffer.compare(Buffer.from(data), expected.data)).toBe(0);
}

describe('reads as pngjs does', () => {
  const named = (of: readonly Kind[]) => of.map((kind) => [kind.type, kind.depth, kind] as const);
  const palette = ({ type }: Kind) => type === 3;
  const opaque = ({ type }: Kind) => type < 4;

  test.each(named(kinds))('colour type %d in %d bits, interlaced or not', async (_, __, kind) => {
    for (const interlaced of [false, true]) {
      await expectAgreement({ width: 13, height: 11, interlaced, ...kind });
      await expectAgreement({ width: 1, height: 1, interlaced, ...kind });
      await expectAgreement({ width: 2, height: 9, interlaced, ...kind });
    }
  });
  test.each(named(kinds.filter(opaque)))(
    'a transparent colour of type %d in %d bits',
    async (_, __, kind) => {
      await expectAgreement({ width: 13, height: 11, keyed: true, ...kind });
    },
  );
  // What a filter makes of palette indices are no colours of the palette.
  test.each(named(kinds.filter((kind) => !palette(kind))))(
    'filtered lines of type %d in %d bits',
    async (_, __, kind) => {
      for (const filter of [1, 2, 3, 4]) {
        await expectAgreement({ width: 13, height: 11, filter, ...kind });
      }
    },
  );
});

test('reads what is written here, also within a larger buffer', async () => {
  const data = Uint8ClampedArray.from({ length: 4 * 12 }, (_, i) => 5 * i);
  const file = new Uint8Array(await encodePng({ data, width: 4, height: 3 }));
  const shifted = new Uint8Array(file.length + 3);
  shifted.set(file, 3);
  expect(await decodePng(shifted.subarray(3))).toEqual({ data, width: 4, height: 3 });
});

const whole = pngFile({ width: 9, height: 9, type: 2, depth: 8 });

/** The file with other bytes in its header, whose checksum fits them. */
function withHeader(changes: Readonly<Record<number, number>>): Uint8Array<ArrayBuffer> {
  const file = whole.slice();
  for (const [at, value] of Object.entries(changes)) file[Number(at)] = value;
  new DataView(file.buffer).setUint32(29, crc32(file.subarray(12, 29)));
  return file;
}

test('what follows the end is left alone, and so is a damaged note', async () => {
  const noted = Buffer.concat([
    whole.slice(0, 33),
    Buffer.from('\0\0\0\x01tEXta????'),
    whole.slice(33),
  ]);
  const expected = await decodePng(whole);
  expect(await decodePng(new Uint8Array([...whole, ...new Array(40).fill(7)]))).toEqual(expected);
  expect(await decodePng(new Uint8Array(noted))).toEqual(expected);
});

test.each([false, true])(
  'an image of too many pixels is halved (interlaced: %s)',
  async (interlaced) => {
    const file = pngFile({ width: 13, height: 10, type: 6, depth: 8, interlaced });
    const full = await decodePng(file);
    const small = await decodePng(file, 40);
    expect([small.width, small.height]).toEqual([6, 5]);
    const mean = (x: number, y: number, c: number) =>
      [0, 1, 13, 14].reduce((sum, i) => sum + full.data[4 * (26 * y + 2 * x + i) + c]!, 0) / 4;
    const expected = Array.from({ length: 120 }, (_, i) =>
      mean((i >> 2) % 6, Math.floor(i / 24), i & 3),
    );
    small.data.forEach((value, i) => {
      expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(0.5);
    });
  },
);

test.each([
  ['nothing', new Uint8Array(0), /no PNG/],
  ['a signature alone', whole.slice(0, 8), /no header/],
  ['a side of 0', withHeader({ 19: 0 }), /no pixels/],
  ['another checksum', whole.map((b, i) => (i === 29 ? b ^ 1 : b)), /chunk IHDR is damaged/],
  ['a chunk cut off', whole.slice(0, 60), /ends within its chunk IDAT/],
  ['a type that there is not', withHeader({ 25: 5 }), /colour type 5/],
  ['a depth that there is not', withHeader({ 24: 3 }), /in 3 bits/],
  ['more rows than pixels', withHeader({ 23: 90 }), /pixels end too early/],
  ['no pixels', whole.slice(0, 33), /./],
  ['damaged pixels', whole.map((b, i) => (i === 50 ? b ^ 255 : b)), /./],
  [
    'a filter that there is not',
    pngFile({ width: 2, height: 2, type: 0, depth: 8, filter: 5 }),
    /filter 5/,
  ],
  ['a side that no memory holds', withHeader({ 16: 127, 20: 127 }), /./],
])('refuses %s', async (_, bytes, message) => {
  await expect(decodePng(bytes)).rejects.toThrow(message);
});
