import { Box3, Vector3 } from 'three';
import { STLLoader } from 'three/addons/loaders/STLLoader.js';
import { expect, test } from 'vitest';
import { exportMesh } from '../../../src/mesh/export';
import { printPositions } from '../../../src/mesh/export/print';
import { vertexNormals } from '../../../src/mesh/surface/normals';
import { measure } from '../../reference/marching_cubes_shapes';
import { expectSameSurface, names, texturedRing } from './ring';

const { mesh } = await texturedRing();

test('STL: three reads the same surface, facing outwards', async () => {
  const files = await exportMesh(mesh, 'stl', { millimetres: 80, file: 'ring-7' });
  expect(names(files)).toEqual(['ring-7.stl']);
  expect(files[0]!.bytes.length).toBe(84 + (50 * mesh.indices.length) / 3);
  const geometry = new STLLoader().parse(files[0]!.bytes.buffer);
  expectSameSurface(printPositions(mesh.positions, 80), mesh, geometry, 6);
  const corners = geometry.attributes.position!.array as Float32Array;
  const order = Uint32Array.from({ length: mesh.indices.length }, (_, i) => i);
  const { volume } = measure(mesh.positions, mesh.indices);
  const height = new Box3().setFromArray(mesh.positions).getSize(new Vector3()).y;
  expect(measure(corners, order).volume / (80 / height) ** 3).toBeCloseTo(volume, 5);
  const own = vertexNormals({ positions: corners, indices: order });
  const normals = geometry.attributes.normal!.array;
  expect(own.every((value, i) => Math.abs(value - normals[i]!) < 1e-3)).toBe(true);
});
