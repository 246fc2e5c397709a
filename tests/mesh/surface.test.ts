import { expect, test } from 'vitest';
import { keepLargeComponents } from '../../src/mesh/solid/components';
import { colourSamples, compositeColours } from '../../src/mesh/surface/colours';
import type { Surface } from '../../src/mesh/surface/marching_cubes';
import { vertexNormals } from '../../src/mesh/surface/normals';
import { taubinSmooth } from '../../src/mesh/surface/smooth';
import { uniform } from '../../src/random';
import { marchingCubes } from '../reference/marching_cubes';
import {
  grid,
  measure,
  type Shape,
  sphere,
  torus,
  union,
} from '../reference/marching_cubes_shapes';

function surface(shape: Shape, resolution = 33): Surface {
  const { positions, indices } = marchingCubes(grid(resolution, shape), resolution, 1);
  return { positions: Float32Array.from(positions), indices: Uint32Array.from(indices) };
}
const pair = ({ positions, indices }: Surface) => [positions, indices] as const;
const bounds = (positions: Float32Array, axis: number) => {
  const values = positions.filter((_, i) => i % 3 === axis);
  return [Math.min(...values), Math.max(...values)] as const;
};

test('a floater goes, a second object stays', () => {
  const shape = union(
    sphere(0.4, [-0.4, 0, 0]),
    sphere(0.3, [0.5, 0, 0]),
    sphere(0.07, [0, 0.7, 0.2]),
  );
  const whole = surface(shape);
  expect(measure(whole.positions, whole.indices).euler).toBe(6);
  const kept = keepLargeComponents(whole, 0.05);
  const { unmatched, euler } = measure(kept.positions, kept.indices);
  expect({ unmatched, euler }).toEqual({ unmatched: 0, euler: 4 });
  expect(bounds(kept.positions, 1)[1]).toBeLessThan(0.45);
  expect(measure(...pair(keepLargeComponents(whole, 0))).euler).toBe(6);
  expect(measure(...pair(keepLargeComponents(whole, 0.9))).euler).toBe(2);
});
test('a large flat part stays for its area', () => {
  const plate: Shape = (x, y, z) =>
    Math.max(0, 1 + 4 * Math.min(0.035 - Math.abs(y + 0.8), 0.5 - Math.abs(x), 0.5 - Math.abs(z)));
  const whole = surface(union(plate, sphere(0.7, [0, 0.2, 0])), 49);
  const kept = keepLargeComponents(whole, 0.1);
  expect(kept.indices).toEqual(whole.indices);
});

test('a cavity is filled', () => {
  const shell: Shape = (x, y, z) => Math.min(sphere(0.7)(x, y, z), 2 - sphere(0.4)(x, y, z));
  const whole = surface(shell);
  expect(measure(...pair(whole)).euler).toBe(4);
  const { euler, volume } = measure(...pair(keepLargeComponents(whole, 0)));
  expect(euler).toBe(2);
  expect(volume).toBeGreaterThan(0.97 * (4 / 3) * Math.PI * 0.7 ** 3);
});

test('no surface has no components', () => {
  const none = { positions: new Float32Array(0), indices: new Uint32Array(0) };
  expect(keepLargeComponents(none, 0.05)).toEqual(none);
});

test('smoothing takes the bumps and leaves the volume', () => {
  const { positions, indices } = surface(sphere(0.7));
  const bumpy = positions.map((value, i) => value + 0.02 * (uniform(1, 0, 0, i) - 0.5));
  const roughness = (values: Float32Array) => {
    let sum = 0;
    for (let i = 0; i < values.length; i += 3) {
      sum += (Math.hypot(values[i]!, values[i + 1]!, values[i + 2]!) - 0.7) ** 2;
    }
    return Math.sqrt(sum / (values.length / 3));
  };
  const smooth = taubinSmooth({ positions: bumpy, indices }, 10);
  expect(roughness(smooth)).toBeLessThan(0.5 * roughness(bumpy));
  const ratio = measure(smooth, indices).volume / measure(bumpy, indices).volume;
  expect(Math.abs(ratio - 1)).toBeLessThan(0.01);
  expect(taubinSmooth({ positions, indices }, 0)).toEqual(positions);
});

test('normals of a sphere and a torus point outwards, at right angles to the surface', () => {
  const ball = surface(sphere(0.6));
  const ring = surface(torus(0.6, 0.25));
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

test('colours are sampled from outside to inside along the normal', () => {
  const points = colourSamples(Float32Array.of(0.5, 0, 0), Float32Array.of(1, 0, 0));
  const along = points.filter((_, i) => i % 3 === 0);
  expect(along[0]).toBeGreaterThan(0.5);
  expect(along.at(-1)).toBeLessThan(0.45);
  expect([...along]).toEqual([...along].sort((a, b) => b - a));
  expect(points.filter((_, i) => i % 3 !== 0).every((value) => value === 0)).toBe(true);
});

test('the colour seen is that of the outer layer, whatever lies deeper', () => {
  const depths = colourSamples(new Float32Array(3), Float32Array.of(0, 0, 1));
  const values = (layers: (z: number) => number[]) =>
    Float32Array.from([...depths].flatMap((z, i) => (i % 3 === 2 ? layers(z) : [])));
  const opaque = compositeColours(
    values((z) => (z > 0.005 ? [0, 1, 0, 0] : z > -0.045 ? [1, 0.5, 0, 1e4] : [0, 0, 1, 1e4])),
  );
  expect([...opaque]).toEqual([1, 0.5, 0]);
  const empty = compositeColours(values((z) => [z > -0.005 && z < 0.005 ? 1 : 0, 0, 0.25, 0]));
  expect([...empty]).toEqual([1, 0, 0.25]);
  const [red, , blue] = compositeColours(
    values((z) => (z > -0.025 ? [1, 0, 0, 20] : [0, 0, 1, 20])),
  );
  const front = 1 - Math.exp(-20 * 0.05);
  const all = 1 - Math.exp(-20 * 0.1);
  expect(red).toBeCloseTo(front / all, 5);
  expect(blue).toBeCloseTo(1 - front / all, 5);
});
