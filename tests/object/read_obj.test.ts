import { PNG } from 'pngjs';
import { describe, expect, test } from 'vitest';
import { refusal } from '../refusal';
import { pngOf, read, rounded } from './files';

describe('an OBJ', () => {
  const plain = 'v 0 0 0\nv 1 0 0\nv 0 1 0\n';
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

  test('with pictures, and with one that is missing', async () => {
    const library = 'newmtl a\nKd 0 1 0\nmap_Kd lost.png\n';
    const text = `mtllib a.mtl\n${plain}vt 0 0\nusemtl a\nf 1/1 2/1 3/1\n`;
    const { mesh, notes } = await read('untextured.obj', text, { 'a.mtl': library });
    expect(rounded(mesh.colours.subarray(0, 3))).toEqual([0, 1, 0]);
    expect(notes.join()).toMatch(/lost.png, which is missing/);
  });

  const named = (
    library: string,
    text: string,
    others: Readonly<Record<string, Uint8Array | string>> = {},
  ) =>
    read('named.obj', `${text}\n${plain}vt 0 0\nvt 1 1\nusemtl a b\nf 1/1 2/2 3/1\n`, {
      [library]: 'newmtl a b\nKd 0 0 1\nmap_Kd Pic Ture.png',
      'Pic Ture.png': pngOf(9, 8, 7),
      ...others,
    });

  test.each([
    ['a name with blanks', 'my lib.mtl', 'mtllib my lib.mtl'],
    ['quotes', 'my lib.mtl', 'mtllib "my lib.mtl"'],
    ['several names', 'b.mtl', 'mtllib none.mtl b.mtl'],
    ['another case', 'Lib.MTL', 'mtllib lib.mtl'],
    ['a path of another machine', 'materials/lib.mtl', 'mtllib D:\\work\\materials\\lib.mtl'],
    ['a folder that was left behind', 'lib.mtl', 'mtllib ../elsewhere/lib.mtl'],
    ['an accent in two characters', 'caf\u00e9.mtl', 'mtllib cafe\u0301.mtl'],
  ])('finds its library by %s', async (_, file, line) => {
    const { mesh } = await named(file, line);
    expect([...mesh.paints[0]!.texture!.levels[0]!.data.subarray(0, 3)]).toEqual([9, 8, 7]);
  });

  const card = 'vt 0 0\nvt 1 0\nvt 0 1\nusemtl a\nf 1/1 2/2 3/3\n';
  const picture = (alphas: readonly [number, number]) => {
    const png = new PNG({ width: 2, height: 1 });
    png.data.set([10, 200, 30, alphas[0], 10, 200, 30, alphas[1]]);
    return new Uint8Array(PNG.sync.write(png));
  };
  const cardOf = async (mtl: string, others: Readonly<Record<string, Uint8Array>>) =>
    (await read('card.obj', `mtllib a.mtl\n${plain}${card}`, { 'a.mtl': mtl, ...others })).mesh
      .paints[0]!;

  test('leaf cards have holes without map_d', async () => {
    const paint = await cardOf('newmtl a\nmap_Kd leaf.png', { 'leaf.png': picture([0, 255]) });
    expect(paint.cutoff).toBe(0.5);
  });

  test('an alpha that is 0 everywhere means something else', async () => {
    const paint = await cardOf('newmtl a\nmap_Kd leaf.png', { 'leaf.png': picture([0, 0]) });
    expect(paint.cutoff).toBe(0);
  });

  test('map_d of its own is brightness', async () => {
    const grey = new PNG({ width: 2, height: 1 });
    grey.data.set([0, 0, 0, 255, 255, 255, 255, 255]);
    const paint = await cardOf('newmtl a\nmap_Kd leaf.png\nmap_d holes.png', {
      'leaf.png': picture([255, 255]),
      'holes.png': new Uint8Array(PNG.sync.write(grey)),
    });
    expect(paint.cutoff).toBe(0.5);
    const { data } = paint.texture!.levels[0]!;
    expect([data[3], data[7]]).toEqual([0, 255]);
  });

  test('light of its own is added', async () => {
    const others = { 'a.mtl': 'newmtl a\nKd 0 0 0\nKe 1 0 0\n' };
    const { mesh } = await read('glow.obj', `mtllib a.mtl\n${plain}usemtl a\nf 1 2 3\n`, others);
    expect(mesh.paints[0]!.emission!.colour).toEqual([1, 0, 0]);
  });

  test('what is transparent is left out', async () => {
    const others = { 'a.mtl': 'newmtl a\nd 0.1\nnewmtl b\nTr 0.9\nnewmtl c\nd 1\nTr 1\n' };
    const faces = 'usemtl a\nf 1 2 3\nusemtl b\nf 1 2 3\nusemtl c\nf 1 2 3\n';
    const { mesh } = await read('glass.obj', `mtllib a.mtl\n${plain}${faces}`, others);
    expect(mesh.paintOf.length).toBe(1);
    const only = read('glass.obj', `mtllib a.mtl\n${plain}usemtl a\nf 1 2 3\n`, others);
    expect(await refusal(only)).toMatch(/transparent everywhere.*'d 1'/);
  });

  test('numbers may have a comma, lines may end as on old Macs', async () => {
    const { centre } = await read('comma.obj', 'v 0 0 0\rv 1,5 0 0\rv 0 1,5 0\rf 1 2 3\r');
    expect(centre).toEqual([0.75, 0.75, 0]);
  });

  test('it may be UTF-16', async () => {
    const text = Buffer.from(`\ufeff${plain}f 1 2 3\n`, 'utf16le');
    expect((await read('wide.obj', new Uint8Array(text))).mesh.paintOf.length).toBe(1);
  });

  const bad: [string, string, RegExp][] = [
    ['no faces', shape, /bad.obj has no triangles/],
    ['text of another kind', 'hello', /has no triangles/],
    ['NaN', 'v 0 0 0\nv nan 0 0\nv 0 1 0\nf 1 2 3\n', /position that is NaN, in triangle 1/],
    [
      'a colour that is none',
      `${plain}v 0 0 1 1 nan 0\nf 1 2 3\n`,
      /colour that is NaN, at vertex 4/,
    ],
    ['a vertex before the first', `${plain}f 1 2 -9\n`, /face 1 names vertex -?\d+ of 3/],
    ['a coordinate that is not there', `${plain}f 1/1 2/1 3/1\n`, /texture coordinate 1 of 0/],
  ];
  test.each(bad)('%s', async (_, text, message) => {
    await expect(read('bad.obj', text)).rejects.toThrow(message);
  });
});
