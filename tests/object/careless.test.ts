/** Files as careless programs write them, and as they become on their way: each kind once. */
import { describe, expect, test } from 'vitest';
import { refusal } from '../refusal';
import { glbOf, pngOf, read, rounded } from './files';

const corners = [0, 0, 0, 1, 0, 0, 0, 1, 0];
const points = 'v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\n';
const face = 'usemtl a\nf 1/1 2/2 3/3\n';
const red = 'newmtl a\nKd 1 0 0\n';

/** Linear RGB of an object's first corners. */
const colours = async (object: ReturnType<typeof read>, count = 1) =>
  rounded((await object).mesh.colours.subarray(0, 3 * count));
const texel = async (object: ReturnType<typeof read>) => [
  ...(await object).mesh.paints[0]!.texture!.levels[0]!.data.subarray(0, 3),
];

describe('an OBJ', () => {
  test.each([
    ['keywords in capitals', `MTLLIB a.mtl\n${points.toUpperCase()}USEMTL a\nF 1/1 2/2 3/3`],
    ["a material's name in another case", `mtllib a.mtl\n${points}usemtl A\nf 1 2 3`],
    ['no word of its library', `${points}${face}`],
    ["its library's former name", `mtllib old name.mtl\n${points}${face}`],
  ])('%s', async (_, text) => {
    const object = read('a.obj', text, { 'a.mtl': red });
    expect(await colours(object)).toEqual([1, 0, 0]);
    expect((await object).notes).toEqual([]);
  });

  test('Kd from 0 to 255', async () => {
    const object = read('a.obj', `mtllib a.mtl\n${points}${face}`, {
      'a.mtl': 'newmtl a\nKd 255 0 0',
    });
    expect(await colours(object)).toEqual([1, 0, 0]);
  });

  test("a picture's name as in an address", async () => {
    const object = read('a.obj', `mtllib a.mtl\n${points}${face}`, {
      'a.mtl': 'newmtl a\nmap_Kd textures/my%20wood.png',
      'textures/my wood.png': pngOf(1, 2, 3),
    });
    expect(await texel(object)).toEqual([1, 2, 3]);
  });

  test('numbers of nothing are named as they are written', async () => {
    expect(await refusal(read('a.obj', `${points}f 1 2 -9`))).toContain('names vertex -9 of 3');
    expect(await refusal(read('a.obj', `${points}f 1 2 0`))).toContain('names vertex 0 of 3');
  });
});

describe('a glTF', () => {
  const floats = (values: readonly number[]) => Buffer.from(Float32Array.from(values).buffer);
  const glb = (colour?: { componentType: number; bytes: Buffer }, more: object = {}) => {
    const bytes = Buffer.concat([floats(corners), colour?.bytes ?? Buffer.alloc(0)]);
    const vec3 = { bufferView: 0, componentType: 5126, count: 3, type: 'VEC3' };
    return glbOf(
      {
        asset: { version: '2.0' },
        nodes: [{ mesh: 0 }],
        meshes: [{ primitives: [{ attributes: { POSITION: 0, ...(colour && { COLOR_0: 1 }) } }] }],
        accessors: [
          vec3,
          ...(colour
            ? [{ bufferView: 1, componentType: colour.componentType, count: 3, type: 'VEC4' }]
            : []),
        ],
        bufferViews: [
          { buffer: 0, byteLength: 36 },
          ...(colour ? [{ buffer: 0, byteOffset: 36, byteLength: colour.bytes.length }] : []),
        ],
        buffers: [{ byteLength: bytes.length }],
        ...more,
      },
      bytes,
    );
  };
  const rgba = [1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 1];

  test.each([
    ['bytes', 5121, Buffer.from(rgba.map((value) => 255 * value))],
    ['words', 5123, Buffer.from(Uint16Array.from(rgba, (value) => 65535 * value).buffer)],
    ['floats up to 255', 5126, floats(rgba.map((value) => 255 * value))],
  ])('colours as %s that are not said to be normalised', async (_, componentType, bytes) => {
    expect(await colours(read('a.glb', glb({ componentType, bytes })), 2)).toEqual([
      1, 0, 0, 0, 1, 0,
    ]);
  });

  test('zeros after its JSON, null for what there is not, and extensions that say what parts mean', async () => {
    const more = { materials: null, scene: null, extensionsRequired: ['EXT_mesh_features', 'VRM'] };
    for (const rest of ['', ' ', '  ', '   ']) {
      const file = Buffer.from(glb(undefined, { ...more, extras: rest }));
      const end = 20 + file.readUInt32LE(12);
      for (let at = end - 1; file[at] === 32; at--) file[at] = 0;
      expect((await read('a.glb', file)).mesh.paintOf.length).toBe(1);
    }
  });

  test('colours beyond what a display shows are held', async () => {
    const materials = [{ pbrMetallicRoughness: { baseColorFactor: [3, 0.5, -1, 1] } }];
    const meshes = [{ primitives: [{ attributes: { POSITION: 0 }, material: 0 }] }];
    expect(await colours(read('a.glb', glb(undefined, { materials, meshes })))).toEqual([
      1, 0.5, 0,
    ]);
  });

  test('JSON under the name of a GLB', async () => {
    const uri = `data:;base64,${floats(corners).toString('base64')}`;
    const json = {
      asset: { version: '2.0' },
      nodes: [{ mesh: 0 }],
      meshes: [{ primitives: [{ attributes: { POSITION: 0 } }] }],
      accessors: [{ bufferView: 0, componentType: 5126, count: 3, type: 'VEC3' }],
      bufferViews: [{ buffer: 0, byteLength: 36 }],
      buffers: [{ byteLength: 36, uri }],
    };
    expect((await read('a.glb', JSON.stringify(json))).mesh.paintOf.length).toBe(1);
  });
});

describe('an STL', () => {
  const binary = (said: number) => {
    const bytes = Buffer.alloc(84 + 50);
    bytes.writeUInt32LE(said, 80);
    corners.forEach((value, i) => void bytes.writeFloatLE(value, 96 + 4 * i));
    return bytes;
  };
  const loop = 'outer loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\nendloop\nendfacet\n';
  test.each([
    ['a number of triangles that was left open', binary(0)],
    ['a number of triangles that was never written', binary(0xffffffff)],
    ['a byte order mark', `\ufeffsolid x\nfacet normal 0 0 1\n${loop}endsolid x\n`],
    ['no first line', `facet normal 0 0 1\n${loop}`],
  ])('%s', async (_, file) => {
    expect((await read('a.stl', file)).mesh.paintOf.length).toBe(1);
  });
});

test.each(['a', 'a.obj.txt', 'a.download'])('%s is read by what is in it', async (name) => {
  expect((await read(name, `# from a program\n${points}f 1 2 3\n`)).mesh.paintOf.length).toBe(1);
});

test.each([
  ['<!DOCTYPE html><title>404</title>', 'a web page'],
  ['version https://git-lfs.github.com/spec/v1\noid', 'a pointer of Git LFS'],
  [new Uint8Array([0x1f, 0x8b, 8, 0]), 'a gzip archive'],
])('what came instead of a file is told apart', async (content, what) => {
  expect(await refusal(read('a.glb', content))).toContain(`a.glb is ${what}`);
});
