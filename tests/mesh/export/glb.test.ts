import validator from 'gltf-validator';
import { PNG } from 'pngjs';
import { type BufferGeometry, type Material, Mesh as ThreeMesh } from 'three';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
import { describe, expect, test } from 'vitest';
import { linear } from '../../../src/image/srgb';
import { exportMesh } from '../../../src/mesh/export';
import { exportGlb } from '../../../src/mesh/export/glb';
import { names, texturedRing } from './ring';

const { mesh, image, texture } = await texturedRing();

async function load(glb: Uint8Array) {
  const gltf = await new GLTFLoader().parseAsync(glb.slice().buffer, '');
  const found: ThreeMesh<BufferGeometry, Material>[] = [];
  gltf.scene.traverse((object) => {
    if (object instanceof ThreeMesh) found.push(object);
  });
  expect(found.length).toBe(1);
  return { gltf, object: found[0]! };
}

test.each([
  ['rough', { prompt: 'a “blue” ring' }],
  ['unlit', { unlit: true, scale: 0.1 }],
])('the validator finds nothing to say: %s', async (_, options) => {
  const report = await validator.validateBytes(await exportGlb(mesh, options));
  expect(report.issues.messages).toEqual([]);
  expect(report.info.totalTriangleCount).toBe(mesh.indices.length / 3);
});

test('three reads the same mesh back', async () => {
  const { gltf, object } = await load(await exportGlb(mesh, { prompt: 'a ring', scale: 0.5 }));
  const { geometry, material, name } = object;
  expect(geometry.index!.count).toBe(mesh.indices.length);
  expect(geometry.attributes.position!.array).toEqual(mesh.positions.map((value) => value * 0.5));
  expect(geometry.attributes.normal!.array).toEqual(mesh.normals);
  expect(geometry.attributes.color!.array).toEqual(mesh.colours.map(linear));
  geometry.computeBoundingBox();
  const largest = mesh.positions.reduce((most, value) => Math.max(most, value), 0);
  expect(geometry.boundingBox!.max.x).toBeCloseTo(largest / 2, 6);
  expect(material).toMatchObject({ vertexColors: true, metalness: 0, roughness: 1 });
  expect(name).toBe('a_ring');
  expect(gltf.asset).toMatchObject({ generator: 'Limbeck', extras: { prompt: 'a ring' } });
});

test('unlit colours are marked as such', async () => {
  const { object } = await load(await exportGlb(mesh, { unlit: true }));
  expect(object.material.type).toBe('MeshBasicMaterial');
});

test('two exports at once give the same bytes, and Node is left as it was', async () => {
  const [a, b] = await Promise.all([exportGlb(mesh), exportGlb(mesh)]);
  expect(a).toEqual(b);
  expect('FileReader' in globalThis).toBe(false);
});

test('refuses a mesh without triangles', async () => {
  const none = new Float32Array(0);
  const empty = { positions: none, normals: none, colours: none, indices: new Uint32Array(0) };
  await expect(exportGlb(empty)).rejects.toThrow(/no triangle/);
});

describe('as a file', () => {
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
      expect(report.info.totalTriangleCount).toBe(mesh.indices.length / 3);
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
