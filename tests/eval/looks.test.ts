import { expect, test } from 'vitest';
import { colourSpread, opacity } from '../../src/eval/looks';
import { disc, drawn } from './pictures';

test('a solid object is opaque whatever its size, a veil as opaque as it is', () => {
  const square = (half: number, alpha: number) =>
    drawn(17, (x, y) => [0.5, 0.5, 0.5, Math.max(Math.abs(x), Math.abs(y)) < half ? alpha : 0]);
  expect(opacity(square(3, 1))).toBe(1);
  expect(opacity(square(8, 1))).toBe(1);
  expect(opacity(square(8, 0.25))).toBeCloseTo(0.25);
  expect(opacity(disc(33, 10, 8))).toBeLessThan(opacity(disc(33, 10, 2)));
  expect(opacity(square(0, 1))).toBeNaN();
});

test('colours lie as far apart as their standard deviation says, weighted by alpha', () => {
  const halves = (alpha: number) => drawn(8, (x) => (x < 0 ? [1, 0, 0, alpha] : [0, 1, 0, 1]), 2);
  // Two colours √2 apart, each as often: √2 / 2 from their mean.
  expect(colourSpread(halves(1))).toBeCloseTo(Math.SQRT1_2);
  // With weights p and q: √(2 p q).
  expect(colourSpread(halves(0.25))).toBeCloseTo(Math.sqrt(2 * 0.2 * 0.8));
  expect(colourSpread(disc(9, 3, 1))).toBeCloseTo(0);
  expect(colourSpread(drawn(4, () => [1, 1, 1, 0]))).toBeNaN();
});
