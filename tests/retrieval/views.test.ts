import { expect, test } from 'vitest';
import { normal } from '../../src/random';
import { resizedGradient, resizedViews } from '../../src/retrieval/views';

const views = Float32Array.from({ length: 4 * 16 }, (_, i) => i % 16);

test('views of the wanted size stay as they are', () => {
  expect(resizedViews({ views, count: 1, size: 4 }, 4)).toBe(views);
});

test('larger ones are averaged', () => {
  const half = resizedViews({ views, count: 1, size: 4 }, 2);
  expect([...half.subarray(0, 4)]).toEqual([2.5, 4.5, 10.5, 12.5]);
  expect(half).toHaveLength(16);
});

test('smaller ones are interpolated between the centres of their pixels', () => {
  const double = resizedViews(
    { views: Float32Array.of(0, 1, 0, 1, ...Array(12).fill(0)), count: 1, size: 2 },
    4,
  );
  expect([...double.subarray(0, 4)]).toEqual([0, 0.25, 0.75, 1]);
  expect([...double.subarray(12, 16)]).toEqual([0, 0.25, 0.75, 1]);
});

test.each([
  ['averaged', 6, 3],
  ['interpolated upwards', 3, 5],
  ['interpolated downwards', 5, 4],
  ['left alone', 4, 4],
])('a gradient goes back through views that were %s', (_, size, side) => {
  const shape = { count: 2, size };
  const at = (stream: number, length: number) =>
    Float32Array.from({ length }, (_, i) => normal(stream, 0, 0, i));
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
  const x = at(1, 2 * 4 * size * size);
  const g = at(2, 2 * 4 * side * side);
  // Resizing is linear: its transpose is what gives both products one value.
  expect(dot(resizedViews({ views: x, ...shape }, side), g)).toBeCloseTo(
    dot(x, resizedGradient(g, shape, side)),
    4,
  );
});
