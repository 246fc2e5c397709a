import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import jpeg from 'jpeg-js';
import { MeshoptEncoder } from 'meshoptimizer/encoder';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readObjectFile } from '../../src/cli/object_file';
import { exportMesh } from '../../src/mesh/export';
import { meshOf as surfaceOf } from '../mesh/meshes';
import { bounds, glbOf, pngOf, triangles } from './files';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limbeck-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(name: string, content: Uint8Array | string) {
  const path = join(folder, name);
  await writeFile(path, content);
  return readObjectFile(path);
}

/** Two triangles of a square of side 4 around (5, 0, 1). */
const square = [3, -2, 1, 7, -2, 1, 7, 2, 1, 3, -2, 1, 7, 2, 1, 3, 2, 1];
const uvs = [0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0];
const rounded = (values: Iterable<number>) => [...values].map((v) => Math.round(1e4 * v) / 1e4);

describe('normalising', () => {
  test('the bounding box is centred and the farthest vertex is at distance 1', async () => {
    const { mesh, centre, radius } = await read('square.glb', triangles({ positions: square }));
    expect(centre).toEqual([5, 0, 1]);
    expect(radius).toBeCloseTo(Math.sqrt(8));
    expect(rounded(mesh.positions.subarray(0, 3))).toEqual(
      rounded([-Math.SQRT1_2, -Math.SQRT1_2, 0]),
    );
    expect([...mesh.colours.subarray(0, 3)]).toEqual([1, 1, 1]);
  });

  test('what is in the unit sphere stays as it is, bit for bit', async () => {
    const positions = [0, 0, -1, 0.3, 0.4, 0, 0, 0, 1, 0, 0, 1, -0.3, -0.4, 0, 0, 0, -1];
    const { mesh, radius } = await read('unit.glb', triangles({ positions }));
    expect(radius).toBe(1);
    expect([...mesh.positions]).toEqual([...Float32Array.from(positions)]);
  });

  test("nodes' places and instances count", async () => {
    const json = {
      nodes: [
        { mesh: 0, scale: [2, 1, 1], children: [1] },
        { mesh: 0, translation: [0, 0, 3] },
      ],
    };
    const { mesh, centre } = await read('nodes.glb', triangles({ positions: square, json }));
    expect(mesh.paintOf.length).toBe(4);
    expect(centre).toEqual([10, 0, 2.5]);
  });
});

describe('colours', () => {
  test('of vertices, as this program exports them', async () => {
    const surface = surfaceOf((x, y, z) => 2 * (0.6 - Math.hypot(x, y, z)) + 1, 16);
    const [glb] = await exportMesh(surface, 'glb');
    const { mesh } = await read('export.glb', glb!.bytes);
    expect(mesh.paintOf.length).toBe(surface.indices.length / 3);
    const first = surface.indices[0]!;
    const linear = [0, 1, 2].map((c) => {
      const display = surface.colours[3 * first + c]!;
      return display <= 0.04045 ? display / 12.92 : ((display + 0.055) / 1.055) ** 2.4;
    });
    expect(rounded(mesh.colours.subarray(0, 3))).toEqual(rounded(linear));
  });

  test('of a material, times its picture', async () => {
    const json = {
      materials: [
        {
          pbrMetallicRoughness: { baseColorFactor: [0.5, 1, 0, 1], baseColorTexture: { index: 0 } },
        },
      ],
    };
    const image = pngOf(255, 128, 0);
    const { mesh } = await read('png.glb', triangles({ positions: square, uvs, image, json }));
    expect([...mesh.colours.subarray(0, 3)]).toEqual([0.5, 1, 0]);
    expect([...mesh.uvs.subarray(0, 4)]).toEqual([0, 1, 1, 1]);
    const { picture } = mesh.paints[mesh.paintOf[0]!]!;
    expect([...picture!.levels[0]!.data.subarray(0, 4)]).toEqual([255, 128, 0, 255]);
    expect([picture!.wrapS, picture!.wrapT, picture!.levels.length]).toEqual([
      'clamp',
      'mirror',
      3,
    ]);
  });

  test('of a JPEG', async () => {
    const data = Buffer.alloc(4 * 64, Buffer.from([200, 100, 50, 255]));
    const image = new Uint8Array(jpeg.encode({ width: 8, height: 8, data }, 95).data);
    const { mesh } = await read('jpeg.glb', triangles({ positions: square, uvs, image }));
    const [r, g, b] = mesh.paints[0]!.picture!.levels[0]!.data;
    expect(Math.abs(r! - 200) + Math.abs(g! - 100) + Math.abs(b! - 50)).toBeLessThan(12);
  });
});

describe('an OBJ', () => {
  const shape = 'v 0 0 0 1 0 0\nv 1 0 0 1 0 0\nv 0 1 0 0 1 0\n';

  test('with vertex colours in display sRGB', async () => {
    const { mesh } = await read('colours.obj', `${shape}f 1 2 3\n`);
    expect(rounded(mesh.colours)).toEqual([1, 0, 0, 1, 0, 0, 0, 1, 0]);
  });

  test('with a material and a texture, whose v goes up', async () => {
    await writeFile(join(folder, 'paint.png'), pngOf(10, 20, 30));
    await writeFile(
      join(folder, 'some.mtl'),
      'newmtl a\nKd 1 1 1\nmap_Kd paint.png\nnewmtl b\nKd 0 0 1\n',
    );
    const { mesh } = await read(
      'textured.obj',
      `mtllib some.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nvt 0.25 0.25\nvt 1 0\nvt 0 1\nusemtl a\nf 1/1 2/2 3/3\nusemtl b\nf 1 2 4\n`,
    );
    expect([...mesh.uvs.subarray(0, 4)]).toEqual([0.25, 0.75, 1, 1]);
    const [first, second] = [...mesh.paintOf].map((paint) => mesh.paints[paint]!);
    expect([...first!.picture!.levels[0]!.data.subarray(0, 3)]).toEqual([10, 20, 30]);
    expect(second!.picture).toBeUndefined();
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
    await writeFile(join(folder, 'lost.mtl'), 'newmtl a\nmap_Kd lost.png\n');
    const text = `mtllib lost.mtl\n${shape}vt 0 0\nusemtl a\nf 1/1 2/1 3/1\n`;
    await expect(read('untextured.obj', text)).rejects.toThrow(/lost\.png.* cannot be read/);
    await rm(join(folder, 'lost.mtl'));
  });
});

describe('compression', () => {
  test('by meshopt is read', async () => {
    await MeshoptEncoder.ready;
    const source = new Uint8Array(Float32Array.from(square).buffer);
    const packed = MeshoptEncoder.encodeGltfBuffer(source, 6, 12, 'ATTRIBUTES');
    const extension = {
      buffer: 0,
      byteLength: packed.length,
      byteStride: 12,
      count: 6,
      mode: 'ATTRIBUTES',
    };
    const json = {
      extensionsUsed: ['EXT_meshopt_compression'],
      extensionsRequired: ['EXT_meshopt_compression'],
      asset: { version: '2.0' },
      scenes: [{ nodes: [0] }],
      nodes: [{ mesh: 0 }],
      meshes: [{ primitives: [{ attributes: { POSITION: 0 } }] }],
      accessors: [
        { ...bounds(square), bufferView: 0, componentType: 5126, count: 6, type: 'VEC3' },
      ],
      bufferViews: [
        {
          buffer: 0,
          byteLength: 72,
          byteStride: 12,
          extensions: { EXT_meshopt_compression: extension },
        },
      ],
      buffers: [{ byteLength: packed.length }],
    };
    const { centre, mesh } = await read('meshopt.glb', glbOf(json, packed));
    expect(centre).toEqual([5, 0, 1]);
    expect(mesh.paintOf.length).toBe(2);
  });

  test('by Draco is refused by name', async () => {
    const json = { extensionsUsed: ['KHR_draco_mesh_compression'] };
    await expect(read('draco.glb', triangles({ positions: square, json }))).rejects.toThrow(
      /compressed with Draco.*without mesh compression/,
    );
  });
});

describe('a file that will not do is refused with its name and a remedy:', () => {
  const whole = triangles({ positions: square });
  const of = (json: object, positions = square) => triangles({ positions, json });
  const cases: [string, string, Uint8Array, RegExp][] = [
    ['nothing in it', 'empty.glb', new Uint8Array(0), /empty.glb is not a GLB/],
    [
      'a picture',
      'picture.glb',
      pngOf(1, 2, 3),
      /picture.glb is not a GLB.*save the object as GLB/,
    ],
    [
      'truncated',
      'short.glb',
      whole.subarray(0, whole.length - 20),
      /should have \d+ bytes and has/,
    ],
    ['cut in its header', 'head.glb', whole.subarray(0, 15), /ends within its header/],
    ['another version', 'old.glb', whole.map((b, i) => (i === 4 ? 1 : b)), /of glTF 1, not 2/],
    [
      'JSON that is none',
      'json.glb',
      whole.map((b, i) => (i === 20 ? 65 : b)),
      /cannot be read as a GLB/,
    ],
    [
      'lines',
      'lines.glb',
      of({ meshes: [{ primitives: [{ mode: 1, attributes: { POSITION: 0 } }] }] }),
      /no triangles/,
    ],
    ['no meshes', 'none.glb', of({ nodes: [{}], meshes: [] }), /no triangles: points and lines/],
    ['meshes that no node shows', 'hidden.glb', of({ nodes: [{}] }), /no triangles/],
    [
      'NaN',
      'nan.glb',
      of({}, [...square.slice(0, 17), Number.NaN]),
      /position that is NaN, at vertex 5/,
    ],
    [
      'infinity',
      'inf.glb',
      of({}, [Number.POSITIVE_INFINITY, ...square.slice(1)]),
      /position that is (NaN|Infinity), at vertex 0/,
    ],
    ['a single point', 'point.glb', of({}, Array(9).fill(1)), /single point/],
    [
      'ten million triangles',
      'huge.glb',
      of({ accessors: [{ bufferView: 0, componentType: 5126, count: 30_000_000, type: 'VEC3' }] }),
      /has 10,000,000 triangles; at most 4,000,000.*Simplify/,
    ],
    [
      'triangles elsewhere',
      'split.glb',
      of({ buffers: [{ uri: 'data.bin', byteLength: 72 }] }),
      /in data.bin: save it as one GLB/,
    ],
  ];
  test.each(cases)('%s', async (_, name, content, message) => {
    const failure = await read(name, content).catch((error: Error) => error);
    expect(failure).toMatchObject({ name: 'ObjectError', message: expect.stringMatching(message) });
    expect((failure as Error).message).toContain(name);
  });

  test('a WebP texture', async () => {
    const image = Buffer.from('RIFF\0\0\0\0WEBPVP8 ');
    await expect(read('webp.glb', triangles({ positions: square, uvs, image }))).rejects.toThrow(
      /texture 0 of webp.glb is a WebP picture: save .* PNG or JPEG/,
    );
  });

  test('a damaged PNG', async () => {
    const image = pngOf(1, 2, 3).subarray(0, 40);
    await expect(read('cut.glb', triangles({ positions: square, uvs, image }))).rejects.toThrow(
      /texture 0 of cut.glb cannot be decoded/,
    );
  });

  test('missing', async () => {
    await expect(readObjectFile(join(folder, 'nowhere.glb'))).rejects.toThrow(
      /nowhere.glb cannot be read.*Check the path/,
    );
  });
});
