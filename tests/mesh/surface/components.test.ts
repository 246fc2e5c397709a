import { expect, test } from 'vitest';
import { keepLargeComponents } from '../../../src/mesh/surface/components';
import type { Surface } from '../../../src/mesh/surface/marching_cubes';
import { measure, type Shape, sphere, union } from '../../reference/marching_cubes_shapes';
import { surfaceOf } from '../meshes';

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
  const whole = surfaceOf(shape);
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
  const whole = surfaceOf(union(plate, sphere(0.7, [0, 0.2, 0])), 49);
  const kept = keepLargeComponents(whole, 0.1);
  expect(kept.indices).toEqual(whole.indices);
});

test('a cavity is filled', () => {
  const shell: Shape = (x, y, z) => Math.min(sphere(0.7)(x, y, z), 2 - sphere(0.4)(x, y, z));
  const whole = surfaceOf(shell);
  expect(measure(...pair(whole)).euler).toBe(4);
  const { euler, volume } = measure(...pair(keepLargeComponents(whole, 0)));
  expect(euler).toBe(2);
  expect(volume).toBeGreaterThan(0.97 * (4 / 3) * Math.PI * 0.7 ** 3);
});

test('no surface has no components', () => {
  const none = { positions: new Float32Array(0), indices: new Uint32Array(0) };
  expect(keepLargeComponents(none, 0.05)).toEqual(none);
});
