import { describe, expect, test } from 'vitest';
import { pngOf, read, rounded } from './files';

describe('an OBJ', () => {
  const shape = 'v 0 0 0 1 0 0\nv 1 0 0 1 0 0\nv 0 1 0 0 1 0\n';

  test('with vertex colours in display sRGB', async () => {
    const { mesh } = await read('colours.obj', `${shape}f 1 2 3\n`);
    expect(rounded(mesh.colours)).toEqual([1, 0, 0, 1, 0, 0, 0, 1, 0]);
  });

  test('with a material and a texture, whose v goes up', async () => {
    const others = {
      'paint.png': pngOf(10, 20, 30),
      'some.mtl': 'newmtl a\nKd 1 1 1\nmap_Kd paint.png\nnewmtl b\nKd 0 0 1\n',
    };
    const { mesh } = await read(
      'textured.obj',
      `mtllib some.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nvt 0.25 0.25\nvt 1 0\nvt 0 1\nusemtl a\nf 1/1 2/2 3/3\nusemtl b\nf 1 2 4\n`,
      others,
    );
    expect([...mesh.uvs.subarray(0, 4)]).toEqual([0.25, 0.75, 1, 1]);
    const [first, second] = [...mesh.paintOf].map((paint) => mesh.paints[paint]!);
    expect([...first!.texture!.levels[0]!.data.subarray(0, 3)]).toEqual([10, 20, 30]);
    expect(second!.texture).toBeUndefined();
    expect([...mesh.colours.subarray(9, 12)]).toEqual([0, 0, 1]);
  });

  const bad: [string, string, RegExp][] = [
    ['no faces', shape, /bad.obj has no triangles/],
    [
      'no such materials',
      `mtllib lost.mtl\n${shape}f 1 2 3\n`,
      /materials in lost.mtl, which is missing/,
    ],
    ['text of another kind', 'hello', /has no triangles/],
    ['NaN', 'v 0 0 0\nv nan 0 0\nv 0 1 0\nf 1 2 3\n', /position that is NaN, at vertex 1/],
  ];
  test.each(bad)('%s', async (_, text, message) => {
    await expect(read('bad.obj', text)).rejects.toThrow(message);
  });

  test('a texture that is missing', async () => {
    const others = { 'lost.mtl': 'newmtl a\nmap_Kd lost.png\n' };
    const text = `mtllib lost.mtl\n${shape}vt 0 0\nusemtl a\nf 1/1 2/1 3/1\n`;
    await expect(read('untextured.obj', text, others)).rejects.toThrow(
      /lost\.png.* cannot be read/,
    );
  });
});
