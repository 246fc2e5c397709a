import { expect, test } from 'vitest';
import type { Surface } from '../../../src/mesh/surface/marching_cubes';
import { vertexNormals } from '../../../src/mesh/surface/normals';
import { sphere, torus } from '../../reference/marching_cubes_shapes';
import { surfaceOf } from '../meshes';

test('normals of a sphere and a torus point outwards, at right angles to the surface', () => {
  const ball = surfaceOf(sphere(0.6));
  const ring = surfaceOf(torus(0.6, 0.25));
  const check = ({ positions, indices }: Surface, exact: (p: number[]) => number[]) => {
    const normals = vertexNormals({ positions, indices });
    for (let i = 0; i < positions.length; i += 3) {
      const n = [...normals.subarray(i, i + 3)];
      const e = exact([...positions.subarray(i, i + 3)]);
      const size = Math.hypot(...e);
      expect(Math.hypot(...n)).toBeCloseTo(1, 5);
      expect(n.reduce((dot, value, k) => dot + (value * e[k]!) / size, 0)).toBeGreaterThan(0.97);
    }
  };
  check(ball, (p) => p);
  check(ring, ([x, y, z]) => {
    const r = Math.hypot(x!, z!);
    return [x! * (1 - 0.6 / r), y!, z! * (1 - 0.6 / r)];
  });
});

test('a vertex of collapsed triangles gets a unit normal', () => {
  const flat = { positions: new Float32Array(9), indices: Uint32Array.of(0, 1, 2) };
  expect([...vertexNormals(flat)]).toEqual([0, 1, 0, 0, 1, 0, 0, 1, 0]);
});
