import { beforeAll, expect, test } from 'vitest';
import { MarchingCubes } from '../../../src/mesh/surface/marching_cubes';
import { openTestGpu, type TestGpu } from '../../gpu';
import { marchingCubes } from '../../reference/marching_cubes';
import {
  grid,
  measure,
  noiseGrid,
  sphere,
  torus,
  union,
} from '../../reference/marching_cubes_shapes';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

async function extract(density: Float32Array, resolution: number, iso = 1) {
  const cubes = new MarchingCubes(t.gpu, t.arena.upload('density', density), resolution);
  try {
    return await cubes.extract(iso);
  } finally {
    cubes.dispose();
  }
}

test.each([
  ['a sphere', 33, grid(33, sphere(0.7))],
  ['a torus', 20, grid(20, torus(0.6, 0.2))],
  ['noise', 5, noiseGrid(5, 1)],
  ['noise', 18, noiseGrid(18, 2)],
])('agrees with the f64 reference: %s at R = %i', async (_, resolution, density) => {
  const surface = await extract(density, resolution);
  const reference = marchingCubes(density, resolution, 1);
  expect([...surface.indices]).toEqual(reference.indices);
  expect(surface.positions.length).toBe(reference.positions.length);
  const worst = surface.positions.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - reference.positions[i]!)),
    0,
  );
  expect(worst).toBeLessThan(2e-6);
});

test('a sphere is closed, of genus 0, wound outwards, of the right area and volume', async () => {
  const { positions, indices } = await extract(grid(48, sphere(0.7)), 48);
  const { unmatched, pinched, euler, area, volume } = measure(positions, indices);
  expect({ unmatched, pinched, euler }).toEqual({ unmatched: 0, pinched: 0, euler: 2 });
  expect(Math.abs(area / (4 * Math.PI * 0.7 ** 2) - 1)).toBeLessThan(0.02);
  expect(Math.abs(volume / ((4 / 3) * Math.PI * 0.7 ** 3) - 1)).toBeLessThan(0.02);
  expect(Math.max(...indices) + 1).toBe(positions.length / 3);
});

test('a torus has one hole', async () => {
  const { positions, indices } = await extract(grid(48, torus(0.6, 0.25)), 48);
  const { unmatched, pinched, euler, volume } = measure(positions, indices);
  expect({ unmatched, pinched, euler }).toEqual({ unmatched: 0, pinched: 0, euler: 0 });
  expect(Math.abs(volume / (2 * Math.PI ** 2 * 0.6 * 0.25 ** 2) - 1)).toBeLessThan(0.03);
});

test('two spheres are two closed surfaces', async () => {
  const shape = union(sphere(0.3, [0.5, 0, 0]), sphere(0.3, [-0.5, 0, 0]));
  const { positions, indices } = await extract(grid(33, shape), 33);
  const { unmatched, euler } = measure(positions, indices);
  expect({ unmatched, euler }).toEqual({ unmatched: 0, euler: 4 });
});

test.each([2, 3, 5, 17, 24])('noise stays closed and manifold at R = %i', async (resolution) => {
  const density = t.arena.allocate('density', resolution ** 3);
  const cubes = new MarchingCubes(t.gpu, density, resolution);
  for (let seed = 0; seed < 3; seed++) {
    t.gpu.device.queue.writeBuffer(density, 0, noiseGrid(resolution, seed) as BufferSource);
    const { positions, indices } = await cubes.extract(1);
    const { unmatched, pinched } = measure(positions, indices);
    expect({ unmatched, pinched }).toEqual({ unmatched: 0, pinched: 0 });
    if (resolution >= 5) expect(indices.length).toBeGreaterThan(0);
  }
  cubes.dispose();
});

test('an empty grid has no surface, and the border never has any density', async () => {
  expect((await extract(new Float32Array(9 ** 3), 9)).indices.length).toBe(0);
  expect((await extract(new Float32Array(8).fill(9), 2)).indices.length).toBe(0);
});

test.each([3, 5, 33])('a full grid of R = %i is a closed box', async (resolution) => {
  const density = new Float32Array(resolution ** 3).fill(2);
  const { positions, indices } = await extract(density, resolution);
  const { unmatched, euler, volume } = measure(positions, indices);
  expect({ unmatched, euler }).toEqual({ unmatched: 0, euler: 2 });
  // Faces lie half a cell beyond the outermost inner points; corners are cut.
  const side = (2 * (resolution - 2)) / (resolution - 1);
  expect(volume).toBeGreaterThan(resolution === 3 ? side ** 3 / 8 : 0.8 * side ** 3);
  expect(volume).toBeLessThan(side ** 3);
});

test('density exactly at the level gives no collapsed triangle', async () => {
  const density = noiseGrid(9, 3).map((value) => Math.round(value));
  const { positions, indices } = await extract(density, 9, 0);
  expect(measure(positions, indices).unmatched).toBe(0);
  for (let i = 0; i < indices.length; i += 3) {
    expect(measure(positions, indices.subarray(i, i + 3)).area).toBeGreaterThan(0);
  }
});

test('refuses a negative level', async () => {
  await expect(extract(new Float32Array(27), 3, -1)).rejects.toThrow(/iso-level must be >= 0/);
});
