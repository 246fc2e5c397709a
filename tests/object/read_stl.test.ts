import { describe, expect, test } from 'vitest';
import { refusal } from '../refusal';
import { read, rounded } from './files';

const places = [
  [0, 0, 0],
  [2, 0, 0],
  [0, 0, 4],
];

/** Two triangles, the second one higher, each with a colour's bits. */
function binary(header: string, bits: readonly [number, number]): Uint8Array {
  const bytes = Buffer.alloc(84 + 100);
  bytes.write(header, 0, 'latin1');
  bytes.writeUInt32LE(2, 80);
  bits.forEach((colour, triangle) => {
    const at = 84 + 50 * triangle;
    places.flat().forEach((value, i) => {
      bytes.writeFloatLE(value + (i % 3 === 1 ? triangle : 0), at + 12 + 4 * i);
    });
    bytes.writeUInt16LE(colour, at + 48);
  });
  return new Uint8Array(bytes);
}

const text = (indent = '  ') =>
  [
    'solid a name',
    'facet normal 0 0 1',
    'outer loop',
    ...places.map((place) => `${indent}vertex ${place.map((x) => (x + 7e6).toFixed(1)).join(' ')}`),
    'endloop',
    'endfacet',
    'endsolid',
  ].join('\n');

describe('is read:', () => {
  test('text, z up, with an offset of millions', async () => {
    const { centre, radius, notes } = await read('part.stl', text());
    expect(centre).toEqual([7_000_001, 7_000_002, -7_000_000]);
    expect(radius).toBeCloseTo(Math.hypot(1, 2), 9);
    expect(notes.join()).toMatch(/taken to be z, as in files for printers.*--up y/);
  });

  test('text in one line a facet', async () => {
    const { mesh } = await read('part.stl', text().replaceAll('\n', ' '));
    expect(mesh.paintOf.length).toBe(1);
  });

  test.each(['a header', 'solid, says a careless program'])('binary with %s', async (header) => {
    const { mesh } = await read('part.stl', binary(header, [0, 0]));
    expect(mesh.paintOf.length).toBe(2);
    expect([...mesh.colours.subarray(0, 3)]).toEqual([1, 1, 1]);
  });

  test('the colours of VisCAM', async () => {
    const { mesh } = await read('part.stl', binary('', [0x8000 | (31 << 10), 0x8000 | 31]));
    expect(rounded(mesh.colours.subarray(0, 3))).toEqual([1, 0, 0]);
    expect(rounded(mesh.colours.subarray(9, 12))).toEqual([0, 0, 1]);
  });

  test('the colours of Magics', async () => {
    const { mesh } = await read('part.stl', binary('COLOR=\x00\xff\x00\xff', [31, 0x8000]));
    expect(rounded(mesh.colours.subarray(0, 3))).toEqual([1, 0, 0]);
    expect(rounded(mesh.colours.subarray(9, 12))).toEqual([0, 1, 0]);
  });
});

test('a binary file that was cut is refused', async () => {
  const words = await refusal(read('part.stl', binary('', [0, 0]).subarray(0, 150)));
  expect(words).toMatch(/part.stl should have 2 triangles and ends after 1/);
});
