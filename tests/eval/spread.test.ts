import { expect, test } from 'vitest';
import { diversity, meanSquare, relativeVariance, totalVariance } from '../../src/eval/spread';
import { normal } from '../../src/random';

test('diversity is 0 for equals, 1 for what has nothing in common, and the mean of all pairs', () => {
  expect(diversity([Float32Array.of(1, 0), Float32Array.of(1, 0)])).toBe(0);
  expect(diversity([Float32Array.of(1, 0), Float32Array.of(0, 1)])).toBe(1);
  const three = [Float32Array.of(1, 0), Float32Array.of(1, 0), Float32Array.of(0, 1)];
  expect(diversity(three)).toBeCloseTo(2 / 3);
  expect(diversity([Float32Array.of(1, 0)])).toBeNaN();
});

test('the relative variance of a signal of 3 under noise of 1 is a tenth', () => {
  const gradients = Array.from({ length: 8 }, (_, seed) =>
    Float32Array.from({ length: 20_000 }, (_, i) => 3 + normal(seed, 1, 2, i)),
  );
  expect(relativeVariance(gradients)).toBeCloseTo(0.1, 2);
});

test('the relative variance is 0 for equals and 1 for noise alone', () => {
  const one = Float32Array.of(1, -2, 3);
  expect(relativeVariance([one, one])).toBe(0);
  const noise = Array.from({ length: 6 }, (_, seed) =>
    Float32Array.from({ length: 20_000 }, (_, i) => normal(seed, 1, 3, i)),
  );
  expect(relativeVariance(noise)).toBeCloseTo(1, 1);
  expect(relativeVariance([one])).toBeNaN();
});

test('the total variance and the mean square are sums over all elements', () => {
  const gradients = [Float32Array.of(1, 0, 2), Float32Array.of(3, 0, 2)];
  expect(totalVariance(gradients)).toBe(2);
  expect(meanSquare(gradients)).toBe((5 + 13) / 2);
});
