import { describe, expect, test } from 'vitest';
import { edgeWidth, halfTransparentShare } from '../../src/eval/edges';
import { disc, drawn } from './pictures';

describe('the width of an edge', () => {
  test.each([4, 8, 12])('is four fifths of a linear ramp of %d pixels', (ramp) => {
    expect(edgeWidth(disc(128, 40, ramp))).toBeCloseTo(0.8 * ramp, 0);
  });

  test('is less than a pixel and a half where pixels are covered or not', () => {
    const square = drawn(128, (x, y) => [1, 1, 1, Math.max(Math.abs(x), Math.abs(y)) < 40 ? 1 : 0]);
    expect(edgeWidth(square)).toBeGreaterThan(0.6);
    expect(edgeWidth(square)).toBeLessThan(1.5);
  });

  test('is given in pixels of a 128-px view', () => {
    expect(edgeWidth(disc(64, 20, 4))).toBeCloseTo(edgeWidth(disc(128, 40, 8)), 0);
  });

  test('of slanted edges is measured along the normal', () => {
    const slanted = drawn(128, (x, y) => {
      const inside = (x * Math.cos(0.5) + y * Math.sin(0.5)) / 10 + 0.5;
      return [1, 1, 1, Math.min(Math.max(inside, 0), 1)];
    });
    expect(edgeWidth(slanted)).toBeGreaterThan(7.2);
    expect(edgeWidth(slanted)).toBeLessThan(9.5);
  });

  test('of what never becomes opaque is its whole width', () => {
    const crisp = edgeWidth(disc(128, 10, 2));
    const fog = edgeWidth(disc(128, 10, 2, 0.8));
    expect(fog).toBeGreaterThan(8);
    expect(crisp).toBeLessThan(2);
  });

  test('is none where nothing is seen', () => {
    expect(edgeWidth(drawn(16, () => [0, 0, 0, 0]))).toBeNaN();
  });
});

test('the half-transparent share counts what is neither there nor not', () => {
  // Of 16 pixels 4 are opaque, 4 half transparent, the rest empty.
  const views = drawn(4, (_, y) => [1, 1, 1, y < -1 ? 1 : y < 0 ? 0.5 : 0.05]);
  expect(halfTransparentShare(views)).toBeCloseTo(0.5);
  expect(halfTransparentShare(drawn(4, () => [0, 0, 0, 0]))).toBeNaN();
});
