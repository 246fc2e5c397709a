import { STLLoader } from 'three/addons/loaders/STLLoader.js';
import { expect, test } from 'vitest';
import { exportMesh } from '../../../src/mesh/export';
import { vertexNormals } from '../../../src/mesh/surface/normals';
import { measure } from '../../reference/marching_cubes_shapes';
import { expectSameSurface, names, texturedRing } from './ring';

const { mesh } = await texturedRing();

test('STL: three reads the same surface, facing outwards', async () => {
  const files = await exportMesh(mesh, 'stl', { scale: 0.1, file: 'ring-7' });
  expect(names(files)).toEqual(['ring-7.stl']);
  expect(files[0]!.bytes.length).toBe(84 + (50 * mesh.indices.length) / 3);
  const geometry = new STLLoader().parse(files[0]!.bytes.buffer);
  expectSameSurface(mesh, geometry, 0.1, 6);
  const corners = geometry.attributes.position!.array as Float32Array;
  const order = Uint32Array.from({ length: mesh.indices.length }, (_, i) => i);
  const { volume } = measure(mesh.positions, mesh.indices);
  expect(measure(corners, order).volume).toBeCloseTo(volume / 1000, 8);
  const own = vertexNormals({ positions: corners, indices: order });
  const normals = geometry.attributes.normal!.array;
  expect(own.every((value, i) => Math.abs(value - normals[i]!) < 1e-3)).toBe(true);
});
