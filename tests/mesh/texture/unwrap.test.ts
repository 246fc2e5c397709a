import { describe, expect, test } from 'vitest';
import { surfaceTexels } from '../../../src/mesh/texture/bake';
import { unwrapMesh } from '../../../src/mesh/texture/unwrap';
import { sphere, torus, union } from '../../reference/marching_cubes_shapes';
import { meshOf } from '../meshes';

describe.each([
  ['ball', meshOf(sphere(0.7), 17)],
  ['ring and ball', meshOf(union(torus(0.6, 0.2), sphere(0.2, [0, 0.7, 0])), 21)],
])('the atlas of a %s', (_, mesh) => {
  test('has the mesh’s triangles, in order, inside of the image', async () => {
    const { vertices, uvs, indices } = await unwrapMesh(mesh, 256);
    expect(indices.map((vertex) => vertices[vertex]!)).toEqual(mesh.indices);
    expect(vertices.length).toBeGreaterThan(mesh.positions.length / 3);
    expect(uvs.length).toBe(2 * vertices.length);
    expect(uvs.every((value) => value >= 0 && value <= 1)).toBe(true);
  });

  test('does not fold or overlap, and keeps its charts apart', async () => {
    const size = 256;
    const atlas = await unwrapMesh(mesh, size);
    const at = (i: number, axis: number) => atlas.uvs[2 * atlas.indices[i]! + axis]!;
    const owners = new Map<number, Set<number>>();
    let area = 0;
    for (let i = 0; i < atlas.indices.length; i += 3) {
      const [x, y] = [at(i, 0), at(i, 1)];
      const cross =
        (at(i + 1, 0) - x) * (at(i + 2, 1) - y) - (at(i + 2, 0) - x) * (at(i + 1, 1) - y);
      area += Math.abs(cross) / 2;
      const one = { ...atlas, indices: atlas.indices.subarray(i, i + 3) };
      const { texels } = surfaceTexels(
        { ...mesh, indices: mesh.indices.subarray(i, i + 3) },
        one,
        size,
      );
      for (const texel of texels) owners.set(texel, (owners.get(texel) ?? new Set()).add(i));
    }
    expect(area).toBeGreaterThan(0.35);
    // Covered texels add up to the area only if no texel is covered twice.
    expect(owners.size / size ** 2).toBeCloseTo(area, 2);
    const chart = charts(atlas.indices);
    for (const [texel, triangles] of owners) {
      const right = owners.get(texel + 1);
      for (const other of right ?? []) {
        for (const one of triangles) expect(chart[other / 3]).toBe(chart[one / 3]);
      }
    }
  });

  test('is the same each time', async () => {
    expect(await unwrapMesh(mesh, 128)).toEqual(await unwrapMesh(mesh, 128));
  });
});

/** The chart of each triangle: triangles that share a vertex of the atlas are in one. */
function charts(indices: Uint32Array): number[] {
  const label = new Map<number, number>();
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = 0; i < indices.length; i += 3) {
      const corners = [...indices.subarray(i, i + 3)];
      const least = Math.min(...corners.map((corner) => label.get(corner) ?? corner));
      for (const corner of corners) {
        if (label.get(corner) !== least) changed = true;
        label.set(corner, least);
      }
    }
  }
  return Array.from({ length: indices.length / 3 }, (_, i) => label.get(indices[3 * i]!)!);
}

test.each([0, 63, 8193, 100.5, Number.NaN])('refuses a size of %d', async (size) => {
  await expect(unwrapMesh(meshOf(sphere(0.5), 9), size)).rejects.toThrow(/from 64 to 8192/);
});
