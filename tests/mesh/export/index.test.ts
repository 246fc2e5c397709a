import validator from 'gltf-validator';
import { PNG } from 'pngjs';
import { Box3, type BufferGeometry, type Group, type Mesh as ThreeMesh } from 'three';
import { OBJLoader } from 'three/addons/loaders/OBJLoader.js';
import { PLYLoader } from 'three/addons/loaders/PLYLoader.js';
import { STLLoader } from 'three/addons/loaders/STLLoader.js';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Image } from '../../../src/image/image';
import { encodePng } from '../../../src/image/png_node';
import { exportMesh, formats, type MeshFile } from '../../../src/mesh/export';
import type { Mesh } from '../../../src/mesh/surface/extract';
import { vertexNormals } from '../../../src/mesh/surface/normals';
import { simplifyMesh } from '../../../src/mesh/surface/simplify';
import { bakeTexture } from '../../../src/mesh/texture/bake';
import type { Texture } from '../../../src/mesh/texture/texture';
import { unwrapMesh } from '../../../src/mesh/texture/unwrap';
import { measure, torus } from '../../reference/marching_cubes_shapes';
import { emptyMesh, gradient, meshOf, openSides, paint } from '../meshes';

const size = 128;
let mesh: Mesh;
let image: Image;
let texture: Texture;

beforeAll(async () => {
  mesh = await simplifyMesh(meshOf(torus(0.6, 0.2), 33), { triangles: 600 });
  const atlas = await unwrapMesh(mesh, size);
  image = await bakeTexture(paint(gradient), mesh, atlas, size);
  texture = { atlas, png: await encodePng(image) };
});

const text = ({ bytes }: MeshFile) => new TextDecoder().decode(bytes);
const names = (files: readonly MeshFile[]) => files.map(({ name }) => name);
const triangles = () => mesh.indices.length / 3;

function expectSameSurface(geometry: BufferGeometry, scale: number, precision: number) {
  const { position } = geometry.attributes;
  const index = geometry.index?.array ?? Uint32Array.from({ length: position!.count }, (_, i) => i);
  expect(index.length).toBe(mesh.indices.length);
  expect(openSides(position!.array, index)).toBe(0);
  const expected = new Box3().setFromArray(mesh.positions.map((value) => value * scale));
  geometry.computeBoundingBox();
  for (const end of ['min', 'max'] as const) {
    const found = geometry.boundingBox![end].toArray();
    expected[end].toArray().forEach((value, axis) => {
      expect(found[axis]).toBeCloseTo(value, precision);
    });
  }
}

const only = (group: Group) => {
  expect(group.children.length).toBe(1);
  return group.children[0] as ThreeMesh<BufferGeometry>;
};

describe('GLB', () => {
  /** The JSON and binary chunks. */
  function chunks(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const length = view.getUint32(12, true);
    const json = JSON.parse(new TextDecoder().decode(bytes.subarray(20, 20 + length)));
    return { json, binary: bytes.subarray(28 + length) };
  }

  test.each([true, false])(
    'with a texture is valid and holds the image; unlit: %s',
    async (unlit) => {
      const [file] = await exportMesh(mesh, 'glb', { texture, unlit, prompt: 'a ring' });
      const report = await validator.validateBytes(file!.bytes);
      expect(report.issues.messages).toEqual([]);
      expect(report.info.totalTriangleCount).toBe(triangles());
      expect(report.info.totalVertexCount).toBe(texture.atlas.vertices.length);
      const { json, binary } = chunks(file!.bytes);
      const { byteOffset, byteLength } = json.bufferViews[json.images[0].bufferView];
      const png = PNG.sync.read(Buffer.from(binary.subarray(byteOffset, byteOffset + byteLength)));
      expect(new Uint8ClampedArray(png.data)).toEqual(image.data);
      const [primitive] = json.meshes[0].primitives;
      expect(Object.keys(primitive.attributes).sort()).toEqual([
        'NORMAL',
        'POSITION',
        'TEXCOORD_0',
      ]);
      expect(json.materials[0].pbrMetallicRoughness.baseColorTexture).toEqual({ index: 0 });
    },
  );

  test('with vertex colours is one file of the given name', async () => {
    const files = await exportMesh(mesh, 'glb', { file: 'ring' });
    expect(names(files)).toEqual(['ring.glb']);
    const report = await validator.validateBytes(files[0]!.bytes);
    expect(report.issues.messages).toEqual([]);
  });
});

describe('OBJ', () => {
  test('with a texture brings its material and image, and three reads them', async () => {
    const files = await exportMesh(mesh, 'obj', { texture, scale: 0.5, name: 'a "ring"\nf 1 2 3' });
    expect(names(files)).toEqual(['mesh.obj', 'mesh.mtl', 'mesh.png']);
    const [obj, mtl, png] = files as [MeshFile, MeshFile, MeshFile];
    expect(text(obj)).toContain('mtllib mesh.mtl');
    const [material] = /(?<=usemtl ).+/.exec(text(obj))!;
    expect(text(mtl)).toContain(`newmtl ${material}\n`);
    expect(text(mtl)).toContain('map_Kd mesh.png');
    expect(new Uint8ClampedArray(PNG.sync.read(Buffer.from(png.bytes)).data)).toEqual(image.data);
    const object = only(new OBJLoader().parse(text(obj)));
    expect(object.name).toBe('a_ring_f_1_2_3');
    expectSameSurface(object.geometry, 0.5, 5);
    const { uv } = object.geometry.attributes;
    for (let i = 0; i < uv!.count; i += 17) {
      const at = 2 * texture.atlas.indices[i]!;
      expect(uv!.getX(i)).toBeCloseTo(texture.atlas.uvs[at]!, 5);
      expect(uv!.getY(i)).toBeCloseTo(1 - texture.atlas.uvs[at + 1]!, 5);
    }
  });

  test('does not open the mesh along seams', async () => {
    const [obj] = await exportMesh(mesh, 'obj', { texture });
    const corners = [...text(obj!).matchAll(/ (\d+)\/(\d+)\/(\d+)/g)];
    expect(corners.map(([, vertex]) => Number(vertex) - 1)).toEqual([...mesh.indices]);
    expect(Math.max(...corners.map(([, , at]) => Number(at)))).toBe(texture.atlas.vertices.length);
  });

  test('without a texture has vertex colours', async () => {
    const files = await exportMesh(mesh, 'obj', {});
    expect(names(files)).toEqual(['mesh.obj', 'mesh.mtl']);
    expect(text(files[1]!)).not.toContain('map_Kd');
    const { geometry } = only(new OBJLoader().parse(text(files[0]!)));
    expectSameSurface(geometry, 1, 5);
    expectColours(geometry, (i) => mesh.indices[i]!, 5);
  });
});

/** Colours that three has read, and made linear, are those of the mesh. */
function expectColours(geometry: BufferGeometry, vertexAt: (i: number) => number, digits: number) {
  const { color } = geometry.attributes;
  const display = (value: number) =>
    value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055;
  for (let i = 0; i < color!.count; i += 7) {
    for (let c = 0; c < 3; c++) {
      const expected = mesh.colours[3 * vertexAt(i) + c]!;
      expect(display(color!.getComponent(i, c))).toBeCloseTo(expected, digits);
    }
  }
}

test('PLY: three reads the same surface, normals and colours', async () => {
  const files = await exportMesh(mesh, 'ply', { scale: 2, texture });
  expect(names(files)).toEqual(['mesh.ply']);
  expect(text(files[0]!)).toContain('property uchar red');
  const geometry = new PLYLoader().parse(files[0]!.bytes.buffer);
  expect([...geometry.index!.array]).toEqual([...mesh.indices]);
  expect(geometry.attributes.normal!.array).toEqual(mesh.normals);
  expectSameSurface(geometry, 2, 6);
  // three rounds to 8 bits of linear light, so the bytes themselves are the sharper test.
  expectColours(geometry, (i) => i, 1);
  const start = text(files[0]!).indexOf('end_header\n') + 'end_header\n'.length;
  for (let vertex = 0; vertex < mesh.colours.length / 3; vertex++) {
    const at = start + 27 * vertex + 24;
    const colour = mesh.colours.subarray(3 * vertex, 3 * vertex + 3);
    const expected = [...colour].map((value) => Math.round(255 * value));
    expect([...files[0]!.bytes.subarray(at, at + 3)]).toEqual(expected);
  }
});

test('STL: three reads the same surface, facing outwards', async () => {
  const files = await exportMesh(mesh, 'stl', { scale: 0.1, file: 'ring-7' });
  expect(names(files)).toEqual(['ring-7.stl']);
  expect(files[0]!.bytes.length).toBe(84 + 50 * triangles());
  const geometry = new STLLoader().parse(files[0]!.bytes.buffer);
  expectSameSurface(geometry, 0.1, 6);
  const corners = geometry.attributes.position!.array as Float32Array;
  const order = Uint32Array.from({ length: mesh.indices.length }, (_, i) => i);
  const { volume } = measure(mesh.positions, mesh.indices);
  expect(measure(corners, order).volume).toBeCloseTo(volume / 1000, 8);
  const own = vertexNormals({ positions: corners, indices: order });
  const normals = geometry.attributes.normal!.array;
  expect(own.every((value, i) => Math.abs(value - normals[i]!) < 1e-3)).toBe(true);
});

test.each(formats)('%s: the same mesh gives the same bytes', async (format) => {
  const once = await exportMesh(mesh, format, { texture, prompt: 'a ring' });
  expect(await exportMesh(mesh, format, { texture, prompt: 'a ring' })).toEqual(once);
});

describe('bad input is refused by name:', () => {
  const changed = (name: keyof Mesh, at: number, value: number): Mesh => {
    const values = mesh[name].slice();
    values[at] = value;
    return { ...mesh, [name]: values };
  };
  const cases: [name: string, make: () => Mesh, message: RegExp][] = [
    ['a mesh without triangles', () => emptyMesh, /no triangle/],
    [
      'a colour that is no number',
      () => changed('colours', 7, Number.NaN),
      /colour at vertex 2 is NaN/,
    ],
    ['a colour out of range', () => changed('colours', 0, 1.5), /colour at vertex 0 is 1.5/],
    [
      'an infinite position',
      () => changed('positions', 3, Number.POSITIVE_INFINITY),
      /position at vertex 1/,
    ],
    ['a normal that is no number', () => changed('normals', 3, Number.NaN), /normal at vertex 1/],
    ['an index without a vertex', () => changed('indices', 3, 1e6), /vertex 1000000/],
    ['too few colours', () => ({ ...mesh, colours: mesh.colours.slice(3) }), /coordinates but/],
  ];
  describe.each(formats)('%s:', (format) => {
    test.each(cases)('%s', async (_, make, message) => {
      await expect(exportMesh(make(), format)).rejects.toThrow(message);
    });
    test.each([
      [{ scale: 0 }, /scale must be a positive number/],
      [{ scale: Number.POSITIVE_INFINITY }, /scale/],
      [{ file: '../mesh' }, /cannot name a mesh's files/],
      [{ file: 'a b' }, /cannot name/],
    ])('%j', async (options, message) => {
      await expect(exportMesh(mesh, format, options)).rejects.toThrow(message);
    });
  });
  test('an unknown format', async () => {
    await expect(exportMesh(mesh, 'fbx' as never)).rejects.toThrow(
      "Unknown mesh format 'fbx': choose one of glb, obj, ply, stl.",
    );
    await expect(exportMesh(mesh, 'toString' as never)).rejects.toThrow(/Unknown mesh format/);
  });
});
