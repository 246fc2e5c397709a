import { expect, test } from 'vitest';
import { resizedViews } from '../../src/retrieval/views';

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
