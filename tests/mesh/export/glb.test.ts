import validator from 'gltf-validator';
import { MeshoptDecoder } from 'meshoptimizer/decoder';
import { PNG } from 'pngjs';
import {
  Box3,
  type BufferGeometry,
  type Material,
  Texture,
  Mesh as ThreeMesh,
  Vector3,
} from 'three';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
import { describe, expect, test } from 'vitest';
import { linear } from '../../../src/image/srgb';
import { type ExportOptions, exportMesh } from '../../../src/mesh/export';
import { names, texturedRing } from './ring';

const { mesh, image, texture } = await texturedRing();

async function exportGlb(options?: ExportOptions) {
  const [file] = await exportMesh(mesh, 'glb', options);
  return file!.bytes;
}

async function load(glb: Uint8Array) {
  // Node cannot decode the images that three would ask for.
  const loader = new GLTFLoader()
    .setMeshoptDecoder(MeshoptDecoder)
    .register(() => ({ name: 'no images', loadTexture: async () => new Texture() }));
  const gltf = await loader.parseAsync(glb.slice().buffer, '');
  const found: ThreeMesh<BufferGeometry, Material>[] = [];
  gltf.scene.traverse((object) => {
    if (object instanceof ThreeMesh) found.push(object);
  });
  expect(found.length).toBe(1);
  return { gltf, object: found[0]! };
}

test.each([
  ['rough', { prompt: 'a “blue” ring' }],
  ['unlit', { unlit: true }],
  ['quantised', { compression: 'quantised' as const }],
  ['quantised, textured', { compression: 'quantised' as const, texture }],
])('the validator finds nothing to say: %s', async (_, options) => {
  const report = await validator.validateBytes(await exportGlb(options));
  expect(report.issues.messages).toEqual([]);
  expect(report.info.totalTriangleCount).toBe(mesh.indices.length / 3);
});

test('three reads the same mesh back', async () => {
  const { gltf, object } = await load(await exportGlb({ prompt: 'a ring' }));
  const { geometry, material, name } = object;
  expect(geometry.index!.count).toBe(mesh.indices.length);
  expect(geometry.attributes.position!.array).toEqual(mesh.positions);
  expect(geometry.attributes.normal!.array).toEqual(mesh.normals);
  expect(geometry.attributes.color!.array).toEqual(mesh.colours.map(linear));
  geometry.computeBoundingBox();
  const largest = mesh.positions.reduce((most, value) => Math.max(most, value), 0);
  expect(geometry.boundingBox!.max.x).toBeCloseTo(largest, 6);
  expect(material).toMatchObject({ vertexColors: true, metalness: 0, roughness: 1 });
  expect(name).toBe('a_ring');
  expect(gltf.asset).toMatchObject({ generator: 'Limbeck', extras: { prompt: 'a ring' } });
});

test('unlit colours are marked as such', async () => {
  const { object } = await load(await exportGlb({ unlit: true }));
  expect(object.material.type).toBe('MeshBasicMaterial');
});

test('Node is left as it was', async () => {
  await exportGlb();
  expect('FileReader' in globalThis).toBe(false);
});

describe.each(['quantised', 'meshopt'] as const)('%s', (compression) => {
  /** The largest difference of a file's value from the plain file's at the same place, by attribute. */
  async function differences(options: ExportOptions) {
    const plain = (await load(await exportGlb(options))).object.geometry.toNonIndexed();
    const { object } = await load(await exportGlb({ ...options, compression }));
    object.updateWorldMatrix(true, false);
    const packed = object.geometry.toNonIndexed().attributes;
    // Meshopt's triangles are in another order: a corner is found again by its place.
    const place = new Vector3();
    const key = () =>
      place
        .toArray()
        .map((value) => Math.round(500 * value))
        .join(' ');
    const corners = new Map<string, number[]>();
    for (let i = 0; i < plain.attributes.position!.count; i++) {
      place.fromBufferAttribute(plain.attributes.position!, i);
      corners.set(key(), [...(corners.get(key()) ?? []), i]);
    }
    const most: Record<string, number> = {};
    let found = 0;
    for (let i = 0; i < packed.position!.count; i++) {
      place.fromBufferAttribute(packed.position!, i).applyMatrix4(object.matrixWorld);
      const same = corners.get(key());
      if (!same) continue; // Its rounded place is another.
      found++;
      for (const name of Object.keys(plain.attributes).filter((name) => name !== 'position')) {
        const size = packed[name]!.itemSize;
        const nearest = same.map((j) =>
          Math.max(
            ...Array.from({ length: size }, (_, k) =>
              Math.abs(
                plain.attributes[name]!.getComponent(j, k) - packed[name]!.getComponent(i, k),
              ),
            ),
          ),
        );
        most[name] = Math.max(most[name] ?? 0, Math.min(...nearest));
      }
    }
    expect(packed.position!.count).toBe(mesh.indices.length);
    expect(found).toBeGreaterThan(0.9 * mesh.indices.length);
    return most;
  }

  test('three reads the same vertex colours and normals', async () => {
    const { color, normal } = await differences({});
    expect(color).toBeLessThan(1e-4);
    expect(normal).toBeLessThan(0.01);
  });

  test('three reads the same texture coordinates', async () => {
    const { uv } = await differences({ texture });
    expect(uv).toBeLessThan(1e-4);
  });

  test('the bounds are the same and the file is smaller', async () => {
    const packed = await exportGlb({ compression });
    const { gltf } = await load(packed);
    const found = new Box3().setFromObject(gltf.scene);
    const expected = new Box3().setFromArray(mesh.positions);
    expect(found.min.distanceTo(expected.min)).toBeLessThan(1e-4);
    expect(found.max.distanceTo(expected.max)).toBeLessThan(1e-4);
    expect(packed.length).toBeLessThan(0.75 * (await exportGlb()).length);
  });
});

test('meshopt: the validator finds no error and no warning', async () => {
  const report = await validator.validateBytes(
    await exportGlb({ compression: 'meshopt', texture }),
  );
  expect([report.issues.numErrors, report.issues.numWarnings]).toEqual([0, 0]);
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
