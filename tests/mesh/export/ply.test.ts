import { PLYLoader } from 'three/addons/loaders/PLYLoader.js';
import { expect, test } from 'vitest';
import { exportMesh, type MeshFile } from '../../../src/mesh/export';
import { expectColours, expectSameSurface, names, texturedRing } from './ring';

const { mesh, texture } = await texturedRing();
const text = ({ bytes }: MeshFile) => new TextDecoder().decode(bytes);

test('PLY: three reads the same surface, normals and colours', async () => {
  const files = await exportMesh(mesh, 'ply', { texture });
  expect(names(files)).toEqual(['mesh.ply']);
  expect(text(files[0]!)).toContain('property uchar red');
  const geometry = new PLYLoader().parse(files[0]!.bytes.buffer);
  expect([...geometry.index!.array]).toEqual([...mesh.indices]);
  expect(geometry.attributes.normal!.array).toEqual(mesh.normals);
  expectSameSurface(mesh.positions, mesh, geometry, 6);
  // three rounds to 8 bits of linear light, so the bytes themselves are the sharper test.
  expectColours(mesh, geometry, (i) => i, 1);
  const start = text(files[0]!).indexOf('end_header\n') + 'end_header\n'.length;
  for (let vertex = 0; vertex < mesh.colours.length / 3; vertex++) {
    const at = start + 27 * vertex + 24;
    const colour = mesh.colours.subarray(3 * vertex, 3 * vertex + 3);
    const expected = [...colour].map((value) => Math.round(255 * value));
    expect([...files[0]!.bytes.subarray(at, at + 3)]).toEqual(expected);
  }
});
