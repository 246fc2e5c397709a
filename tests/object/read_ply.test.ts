import { describe, expect, test } from 'vitest';
import { refusal } from '../refusal';
import { pngOf, read, rounded } from './files';

const corners = [
  [0, 0, 0, 255, 0, 0],
  [1, 0, 0, 0, 255, 0],
  [1, 2, 0, 0, 0, 255],
  [0, 2, 0, 255, 255, 255],
];

/** A square of four vertices and one face, as the header says. */
function binary(little: boolean, end = '\n'): Uint8Array {
  const lines = [
    'ply',
    `format binary_${little ? 'little' : 'big'}_endian 1.0`,
    ...Array.from({ length: 300 }, (_, i) => `comment line ${i} of a header that is long`),
    'element camera 1',
    'property list uchar double view',
    'property int16 id',
    'element vertex 4',
    ...['x', 'y', 'z'].map((axis) => `property double ${axis}`),
    'property float nx',
    ...['red', 'green', 'blue'].map((colour) => `property uchar ${colour}`),
    'element face 1',
    'property uchar flags',
    'property list uchar int vertex_indices',
    'end_header',
  ];
  const data = Buffer.alloc(1 + 24 + 2 + 4 * (24 + 4 + 3) + 1 + 1 + 16);
  let at = 0;
  const put = (value: number, kind: 'U8' | 'I16' | 'I32' | 'F32' | 'F64') => {
    const view = new DataView(data.buffer, data.byteOffset);
    if (kind === 'U8') view.setUint8(at, value);
    if (kind === 'I16') view.setInt16(at, value, little);
    if (kind === 'I32') view.setInt32(at, value, little);
    if (kind === 'F32') view.setFloat32(at, value, little);
    if (kind === 'F64') view.setFloat64(at, value, little);
    at += { U8: 1, I16: 2, I32: 4, F32: 4, F64: 8 }[kind];
  };
  put(3, 'U8');
  for (let i = 0; i < 3; i++) put(i, 'F64');
  put(7, 'I16');
  for (const [x, y, z, ...colour] of corners) {
    for (const value of [x! + 5e6, y!, z!]) put(value, 'F64');
    put(1, 'F32');
    for (const value of colour) put(value, 'U8');
  }
  put(9, 'U8');
  put(4, 'U8');
  for (let i = 0; i < 4; i++) put(i, 'I32');
  return new Uint8Array(Buffer.concat([Buffer.from(lines.join(end) + end), data]));
}

const header = (...rest: string[]) => ['ply', 'format ascii 1.0', ...rest].join('\n');
const points = ['element vertex 3', ...['x', 'y', 'z'].map((axis) => `property float ${axis}`)];
const face = ['element face 1', 'property list uchar int vertex_index'];
const rows = '0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n';

describe('is read:', () => {
  test.each([
    ['little', true, '\n'],
    ['big', false, '\n'],
    ['little, Windows', true, '\r\n'],
  ])(
    'binary, %s end first, with other elements and an offset of millions',
    async (_, little, end) => {
      const { mesh, centre } = await read('square.ply', binary(little, end));
      expect(centre).toEqual([5_000_000.5, 1, 0]);
      expect(mesh.paintOf.length).toBe(2);
      expect(rounded(mesh.colours.subarray(0, 9))).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
      expect(mesh.positions[0]).toBeCloseTo(-0.5 / Math.hypot(0.5, 1), 6);
    },
  );

  test('text, with a polygon of six corners', async () => {
    const ring = [
      [0, 0],
      [2, 0],
      [3, 1],
      [2, 2],
      [0, 2],
      [1, 1],
    ];
    const text = `${header('element vertex 6', ...points.slice(1), ...face, 'end_header')}\n${ring
      .map(([x, y]) => `${x} ${y} 0`)
      .join('\n')}\n6 0 1 2 3 4 5\n`;
    expect((await read('ring.ply', text)).mesh.paintOf.length).toBe(4);
  });

  test.each([
    ['float', '1 0 0', [1, 0, 0]],
    ['float', '255 0 0', [1, 0, 0]],
    ['ushort', '65535 0 0', [1, 0, 0]],
    ['int', '0 255 0', [0, 1, 0]],
  ])('colours as %s, %s', async (type, colour, expected) => {
    const channels = ['red', 'green', 'blue'].map((name) => `property ${type} ${name}`);
    const vertices = ['0 0 0', '1 0 0', '0 1 0'].map((place) => `${place} ${colour}`).join('\n');
    const text = `${header(...points, ...channels, ...face, 'end_header')}\n${vertices}\n3 0 1 2\n`;
    const { mesh } = await read('colours.ply', text);
    expect(rounded(mesh.colours.subarray(0, 3))).toEqual(expected);
  });

  test('colours of faces', async () => {
    const channels = ['red', 'green', 'blue'].map((name) => `property uchar ${name}`);
    const text = `${header(...points, ...face, ...channels, 'end_header')}\n${rows.replace('3 0 1 2', '3 0 1 2 0 255 0')}`;
    expect([...(await read('faces.ply', text)).mesh.colours.subarray(0, 3)]).toEqual([0, 1, 0]);
  });

  test('triangle strips', async () => {
    const strips = ['element tristrips 1', 'property list int int vertex_indices', 'end_header'];
    const vertices = '0 0 0\n1 0 0\n0 1 0\n1 1 0\n';
    const text = `${header('element vertex 4', ...points.slice(1), ...strips)}\n${vertices}8 0 1 2 3 -1 0 1 2\n`;
    expect((await read('strips.ply', text)).mesh.paintOf.length).toBe(3);
  });

  test('the picture that a comment names, read at the corners of faces', async () => {
    const texture = [...face, 'property list uchar float texcoord', 'end_header'];
    const text = `${header('comment TextureFile paint.png', ...points, ...texture)}\n${rows.replace('3 0 1 2', '3 0 1 2 6 0 0 1 0 0 1')}`;
    const { mesh } = await read('textured.ply', text, { 'paint.png': pngOf(1, 2, 3) });
    expect([...mesh.paints[0]!.texture!.levels[0]!.data.subarray(0, 3)]).toEqual([1, 2, 3]);
    expect([...mesh.uvs]).toEqual([0, 1, 1, 1, 0, 0]);
  });

  test("Blender's are z up, and that is said", async () => {
    const text = `${header('comment Created by Blender 4.2', ...points, ...face, 'end_header')}\n0 0 0\n1 0 0\n0 0 1\n3 0 1 2\n`;
    const { centre, notes } = await read('up.ply', text);
    expect(centre).toEqual([0.5, 0.5, -0]);
    expect(notes.join()).toMatch(/up axis of up.ply is taken to be z, as Blender.*--up y/);
    expect((await read('up.ply', text, {}, { up: 'y' })).centre).toEqual([0.5, 0, 0.5]);
  });
});

test.each([
  ['no end', header(...points), /no 'end_header'/],
  ['no encoding', 'ply\nend_header\n', /whether it is text or binary/],
  [
    'a type that there is not',
    header('element vertex 3', 'property word x', 'end_header\n'),
    /'property word x'/,
  ],
  ['points alone', `${header(...points, 'end_header')}\n${rows}`, /no triangles/],
  [
    'fewer rows than it says',
    `${header(...points, ...face, 'end_header')}\n0 0 0\n`,
    /ends too early/,
  ],
  [
    'billions of rows',
    `${header('element vertex 4000000000', ...points.slice(1), 'end_header')}\n`,
    /ends too early/,
  ],
  [
    'a list without end',
    `${header(...points, ...face, 'end_header')}\n${rows.replace('3 0 1', '-3 0 1')}`,
    /list of -3/,
  ],
  [
    'a vertex that is not there',
    `${header(...points, ...face, 'end_header')}\n${rows.replace('0 1 2', '0 1 9')}`,
    /face 1 names vertex 9 of 3/,
  ],
])('%s is refused', async (_, text, words) => {
  expect(await refusal(read('bad.ply', text))).toMatch(words);
});
