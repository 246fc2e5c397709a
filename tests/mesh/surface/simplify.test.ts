import { describe, expect, test } from 'vitest';
import { simplifyMesh } from '../../../src/mesh/surface/simplify';
import {
  measure,
  noiseGrid,
  type Shape,
  sphere,
  torus,
  union,
} from '../../reference/marching_cubes_shapes';
import { emptyMesh, gradient, meshOf } from '../meshes';

const count = (mesh: { indices: Uint32Array }) => mesh.indices.length / 3;
const topology = (mesh: { positions: Float32Array; indices: Uint32Array }) => {
  const { unmatched, pinched, euler } = measure(mesh.positions, mesh.indices);
  return { unmatched, pinched, euler };
};

const noise = noiseGrid(12, 3);
const noisy: Shape = (x, y, z) => {
  const at = (value: number) => Math.round(((value + 1) / 2) * 11);
  return noise[(at(z) * 12 + at(y)) * 12 + at(x)]!;
};

describe('a closed manifold stays one:', () => {
  const cases: [
    name: string,
    shape: Shape,
    resolution: number,
    triangles: number,
    euler: number,
  ][] = [
    ['ball', sphere(0.7), 33, 500, 2],
    ['ring', torus(0.6, 0.25), 33, 500, 0],
    ['two balls', union(sphere(0.35, [-0.5, 0, 0]), sphere(0.3, [0.4, 0, 0])), 33, 300, 4],
    ['wire, simplified until it must not be further', torus(0.7, 0.05), 49, 40, 0],
  ];
  test.each(cases)('%s', async (_, shape, resolution, triangles, euler) => {
    const mesh = await simplifyMesh(meshOf(shape, resolution), { triangles });
    expect(topology(mesh)).toEqual({ unmatched: 0, pinched: 0, euler });
    expect(count(mesh)).toBeLessThanOrEqual(3 * triangles);
  });

  test('noise, whose collapses pinch everywhere', async () => {
    const mesh = meshOf(noisy, 12);
    const simpler = await simplifyMesh(mesh, { triangles: 400 });
    expect(topology(simpler)).toMatchObject({ unmatched: 0, pinched: 0 });
    expect(count(simpler)).toBeLessThan(count(mesh));
  });
});

test('the target is met, and the shape and its colours stay', async () => {
  const mesh = meshOf(torus(0.6, 0.25), 49);
  const simpler = await simplifyMesh(mesh, { triangles: 800 });
  expect(count(simpler)).toBeLessThanOrEqual(800);
  expect(count(simpler)).toBeGreaterThan(780);
  expect(Math.max(...simpler.indices)).toBe(simpler.positions.length / 3 - 1);
  const volume = (m: typeof mesh) => measure(m.positions, m.indices).volume;
  expect(Math.abs(volume(simpler) / volume(mesh) - 1)).toBeLessThan(0.01);
  const { positions, normals, colours } = simpler;
  for (let i = 0; i < positions.length; i += 3) {
    const [x, y, z] = [positions[i]!, positions[i + 1]!, positions[i + 2]!];
    expect(Math.abs(Math.hypot(Math.hypot(x, z) - 0.6, y) - 0.25)).toBeLessThan(0.02);
    gradient(x, y, z).forEach((value, c) => {
      expect(Math.abs(colours[i + c]! - value)).toBeLessThan(0.02);
    });
    const out = [x * (1 - 0.6 / Math.hypot(x, z)), y, z * (1 - 0.6 / Math.hypot(x, z))];
    const normal = [...normals.subarray(i, i + 3)];
    expect(Math.hypot(...normal)).toBeCloseTo(1, 5);
    const cosine = normal.reduce((sum, n, k) => sum + n * out[k]!, 0) / Math.hypot(...out);
    expect(cosine).toBeGreaterThan(0.98);
  }
});

test('an edge between colours stays where it is', async () => {
  const red = (x: number) => (x > 0 ? 1 : 0);
  const mesh = meshOf(sphere(0.7), 41, (x) => [red(x), 0.5, 0.5]);
  const { positions, colours, indices } = await simplifyMesh(mesh, { triangles: 200 });
  let wrong = 0;
  let area = 0;
  for (let i = 0; i < indices.length; i += 3) {
    const triangle = indices.subarray(i, i + 3);
    const mean = (values: Float32Array) =>
      triangle.reduce((sum, vertex) => sum + values[3 * vertex]! / 3, 0);
    const size = measure(positions, triangle).area;
    wrong += size * Math.abs(red(mean(positions)) - mean(colours));
    area += size;
  }
  // Vertices at random places would blur 0.07 of the ball.
  expect(wrong / area).toBeLessThan(0.03);
});

test('an error bounds the distance', async () => {
  const mesh = meshOf(sphere(0.7), 33);
  const fine = await simplifyMesh(mesh, { error: 0.002 });
  const coarse = await simplifyMesh(mesh, { error: 0.05 });
  expect(count(coarse)).toBeLessThan(count(fine) / 2);
  expect(count(fine)).toBeLessThan(count(mesh));
  for (let i = 0; i < fine.positions.length; i += 3) {
    const radius = Math.hypot(...fine.positions.subarray(i, i + 3));
    expect(Math.abs(radius - 0.7)).toBeLessThan(0.002 + 0.002);
  }
});

test('the same mesh gives the same bytes, and is left alone', async () => {
  const mesh = meshOf(torus(0.6, 0.2), 25);
  const before = mesh.positions.slice();
  const [a, b] = await Promise.all([1, 2].map(() => simplifyMesh(mesh, { triangles: 300 })));
  expect(a).toEqual(b);
  expect(mesh.positions).toEqual(before);
});

test('a halving that ends just below the target ends the simplification', async () => {
  const mesh = meshOf(noisy, 12);
  for (const share of [0.61, 0.65, 0.71, 0.79]) {
    const triangles = Math.floor(share * count(mesh));
    const simple = await simplifyMesh(mesh, { triangles });
    expect(count(simple)).toBeLessThan(count(mesh));
    expect(topology(simple)).toMatchObject({ unmatched: 0, pinched: 0 });
  }
});

test('a mesh that is small enough stays as it is', async () => {
  const mesh = meshOf(sphere(0.5), 9);
  expect(await simplifyMesh(mesh, { triangles: count(mesh) })).toBe(mesh);
  expect(await simplifyMesh(emptyMesh, { triangles: 10 })).toBe(emptyMesh);
});

test.each([
  [{ triangles: 3 }, /4 triangles or more, not to 3/],
  [{ triangles: 10.5 }, /not to 10.5/],
  [{ triangles: Number.NaN }, /not to NaN/],
  [{ error: -1 }, /must be >= 0/],
  [{ error: Number.NaN }, /must be >= 0/],
])('refuses %j', async (options, message) => {
  await expect(simplifyMesh(meshOf(sphere(0.5), 9), options)).rejects.toThrow(message);
});
