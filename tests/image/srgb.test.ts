import { expect, test } from 'vitest';
import { linear } from '../../src/image/srgb';

test('display values become linear light', () => {
  expect([linear(0), linear(1)]).toEqual([0, 1]);
  expect(linear(0.5)).toBeCloseTo(0.21404, 5);
  expect(linear(0.04)).toBeCloseTo(0.04 / 12.92, 10);
});
