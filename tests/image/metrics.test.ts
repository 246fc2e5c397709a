import { expect, test } from 'vitest';
import { colourDifference, psnr, silhouetteOverlap } from '../../src/image/metrics';

/** A view of 2 x 2 pixels of one colour with given alphas. */
const view = (colour: number, alphas: readonly number[]) =>
  Float32Array.from([0, 1, 2].flatMap(() => alphas.map((a) => a * colour)).concat(alphas));

test('10 dB are a tenth of the squared error', () => {
  const zero = new Float32Array(8);
  expect(
    psnr(
      zero.map(() => 0.1),
      zero,
    ),
  ).toBeCloseTo(20);
  expect(
    psnr(
      zero.map(() => Math.sqrt(0.001)),
      zero,
    ),
  ).toBeCloseTo(30);
  expect(psnr(zero, zero)).toBe(Number.POSITIVE_INFINITY);
});

test('the overlap of silhouettes counts pixels that are at least half covered', () => {
  expect(silhouetteOverlap(view(1, [1, 0.5, 0, 0]), view(1, [1, 0.49, 0.6, 0]))).toBeCloseTo(1 / 3);
  expect(silhouetteOverlap(view(1, [0, 0, 0, 0]), view(1, [0, 0, 0, 0]))).toBe(1);
});

test('colours are compared only where both views are full', () => {
  const { sum, count } = colourDifference(view(0.5, [1, 1, 0, 0.9]), view(0.4, [1, 0.5, 1, 1]));
  expect(count).toBe(3);
  expect(sum / count).toBeCloseTo(25.5);
});
