import { expect, test } from 'vitest';
import { frontBack } from '../../src/eval/front_back';
import { drawn, type Pixel } from './pictures';

/** A head to the right of the middle, with two eyes where it looks at the viewer. */
const head =
  (eyes: boolean, side: number) =>
  (x: number, y: number): Pixel => {
    const alpha = Math.hypot(x - 5 * side, y) < 15 ? 1 : 0;
    const dark = eyes && Math.hypot(Math.abs(x - 5 * side) - 6, y + 4) < 3;
    // Shading, the same from both sides, which tells nothing of a face.
    const light = dark ? 0.1 : 0.7 + 0.002 * y;
    return [light, light, light, alpha];
  };

const size = 48;
const front = drawn(size, head(true, 1)).views;

test('a back without a face is unlike the front, and has its mirrored outline', () => {
  const { overlap, likeness } = frontBack(front, drawn(size, head(false, -1)).views, size);
  expect(overlap).toBe(1);
  expect(likeness).toBeLessThan(0.3);
});

test('a second face is found, mirrored as well', () => {
  expect(frontBack(front, drawn(size, head(true, -1)).views, size).likeness).toBeCloseTo(1, 3);
  expect(frontBack(front, front, size).likeness).toBeCloseTo(1, 3);
});

test('another outline overlaps less; nothing cannot be compared', () => {
  expect(frontBack(front, front, size).overlap).toBeLessThan(0.8);
  const nothing = drawn(size, () => [0, 0, 0, 0]).views;
  expect(frontBack(front, nothing, size)).toEqual({ overlap: 0, likeness: Number.NaN });
});
