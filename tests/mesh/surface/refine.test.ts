import { expect, test } from 'vitest';
import { refine } from '../../../src/mesh/surface/refine';
import { marchingCubes } from '../../reference/marching_cubes';
import { grid } from '../../reference/marching_cubes_shapes';

const resolution = 17;
const radius = 0.6;
const level = 50;
/** A ball whose density changes by a factor of 10^6 over a cell, as that of a hard surface does. */
const density = (x: number, y: number, z: number) =>
  level * Math.exp(110 * (radius - Math.hypot(x, y, z)));

const source = {
  values: async (points: Float32Array) => {
    const values = new Float32Array((4 * points.length) / 3);
    for (let i = 0; i < points.length / 3; i++) {
      values[4 * i + 3] = density(points[3 * i]!, points[3 * i + 1]!, points[3 * i + 2]!);
    }
    return values;
  },
};

/** Greatest distance of a vertex from the sphere, in cells. */
const error = (positions: ArrayLike<number>) => {
  let most = 0;
  for (let i = 0; i < positions.length; i += 3) {
    const r = Math.hypot(positions[i]!, positions[i + 1]!, positions[i + 2]!);
    most = Math.max(most, Math.abs(r - radius) * ((resolution - 1) / 2));
  }
  return most;
};

test('vertices come to lie on the level, where linear interpolation leaves them half a cell off', async () => {
  const values = Float32Array.from(grid(resolution, density));
  const rough = marchingCubes(values, resolution, level);
  const surface = {
    positions: Float32Array.from(rough.positions),
    indices: Uint32Array.from(rough.indices),
  };
  expect(error(surface.positions)).toBeGreaterThan(0.5);
  const { positions, indices } = await refine(source, surface, values, resolution, level);
  expect(error(positions)).toBeLessThan(1 / 60);
  expect(indices).toBe(surface.indices);
});

test('nothing stays nothing', async () => {
  const empty = { positions: new Float32Array(0), indices: new Uint32Array(0) };
  const values = new Float32Array(resolution ** 3);
  expect((await refine(source, empty, values, resolution, level)).positions.length).toBe(0);
});
