import validator from 'gltf-validator';
import { type BufferGeometry, type Material, Mesh as ThreeMesh } from 'three';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
import { expect, test } from 'vitest';
import { linear } from '../../../src/image/srgb';
import { exportGlb } from '../../../src/mesh/export/glb';
import type { Mesh } from '../../../src/mesh/surface/extract';
import { vertexNormals } from '../../../src/mesh/surface/normals';
import { marchingCubes } from '../../reference/marching_cubes';
import { grid, torus } from '../../reference/marching_cubes_shapes';

function ring(): Mesh {
  const surface = marchingCubes(grid(25, torus(0.6, 0.2)), 25, 1);
  const positions = Float32Array.from(surface.positions);
  const indices = Uint32Array.from(surface.indices);
  const colours = positions.map((value) => 0.5 + 0.5 * value);
  return { positions, indices, normals: vertexNormals({ positions, indices }), colours };
}
const mesh = ring();

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

test('colours become linear light', () => {
  expect([linear(0), linear(1)]).toEqual([0, 1]);
  expect(linear(0.5)).toBeCloseTo(0.21404, 5);
  expect(linear(0.04)).toBeCloseTo(0.04 / 12.92, 10);
});

test('refuses a mesh without triangles', async () => {
  const none = new Float32Array(0);
  const empty = { positions: none, normals: none, colours: none, indices: new Uint32Array(0) };
  await expect(exportGlb(empty)).rejects.toThrow(/no triangle/);
});
