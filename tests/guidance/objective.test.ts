import { beforeAll, describe, expect, test } from 'vitest';
import { makeSettings, type PartialSettings } from '../../src/settings';
import { openTestGpu, type TestGpu } from '../gpu';
import { noised } from '../reference/objective';
import { made, rms } from './made_up';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

const lowNoise = { minTimestep: 0.05, maxTimestep: 0.15 };

const cases: readonly (readonly [name: string, overrides: PartialSettings])[] = [
  ['sds', { method: 'sds' }],
  ['vsd', { method: 'vsd' }],
  ['a baseline at a later τ', { guidance: { baseline: 'shifted', shift: 0.5 } }],
  ['decoupled timesteps', { method: 'vsd', guidance: { sharedTimestep: false } }],
  ['rescaled guidance', { method: 'sds', guidance: { scale: 3, rescale: 0.7 } }],
  ['rescaled, not held', { guidance: { scale: 3, rescale: 0.7, threshold: false } }],
  ['the equation of the paper alone', { guidance: { scale: 9, rescale: 0, threshold: false } }],
  ['∅ half-way to a negative prompt', { guidance: { negative: 'wood', negativeShare: 0.5 } }],
  ['a fake score guided by its cameras', { method: 'esd' }],
  ['a baseline of defects', { guidance: { baseline: 'defects', minTimestep: 0.3 } }],
  ['defects where the noise is low', { guidance: { ...lowNoise, baseline: 'defects' } }],
  ['normalised by distance', { method: 'vsd', guidance: { normalise: true } }],
  ['normalised, nothing held', { guidance: { normalise: true, threshold: false, rescale: 0 } }],
  ['no DM term', { guidance: { scale: 9, lambdaDm: 0 } }],
];

const sizes: [views: number, size: number, channels: number][] = [
  [3, 5, 4],
  [3, 5, 3],
];

test.each([
  [4, 32],
  [1, 1],
])('%i views of %i px agree with the reference', async (views, size) => {
  const settings = makeSettings({ prompt: 'a cube', seed: 5, method: 'vsd' });
  const { result, expected } = await made(t, settings, 17, views, size);
  expect(rms(result.gradient.map((g, e) => g - expected[e]!))).toBeLessThan(1e-4 * rms(expected));
});

describe.each(cases)('%s', (_, overrides) => {
  test.each(sizes)(
    '%i views of %i px and %i channels agree with the reference',
    async (views, size, channels) => {
      const settings = makeSettings({ prompt: 'a cube', seed: 5 }, overrides, {
        guidance: { weighting: 'uniform' },
      });
      const { result, expected, x, elements, levels } = await made(
        t,
        settings,
        17,
        views,
        size,
        channels,
      );
      const error = result.gradient.map((g, e) => g - expected[e]!);
      expect(rms(error)).toBeLessThan(1e-4 * rms(expected));
      const z = noised(x, levels.dm, settings.seed, 17);
      expect(rms(result.z.subarray(0, elements).map((v, e) => v - z[e]!))).toBeLessThan(1e-5);
      expect(result.sizes.gradient / rms(expected)).toBeCloseTo(1, 4);
    },
  );
});

test('without thresholding and rescaling the gradient is that of DreamFusion, equation 3', async () => {
  const settings = makeSettings({
    prompt: 'a cube',
    guidance: { scale: 9, rescale: 0, threshold: false },
  });
  const { result, x, elements, levels, predicted } = await made(t, settings, 3, 2, 8);
  const { alpha, sigma } = levels.dm;
  const v = predicted;
  const z = noised(x, levels.dm, settings.seed, 3);
  const expected = Float64Array.from(z, (noisy, e) => {
    const [withText, without] = [v[e]!, v[elements + e]!].map((p) => alpha * p + sigma * noisy);
    const noise = (noisy - alpha * (2 * x[e]! - 1)) / sigma;
    // w(τ) [ε_∅ + s (ε_y − ε_∅) − ε] ∂(2x − 1)/∂x, as a mean over 128 pixels.
    return (sigma * sigma * (without! + 9 * (withText! - without!) - noise) * 2) / 128;
  });
  expect(rms(result.gradient.map((g, e) => g - expected[e]!))).toBeLessThan(1e-4 * rms(expected));
});

test('SDS at guidance scale s leads to the guided estimate, held to premultiplied RGBA', async () => {
  const size = 8;
  const plane = size * size;
  const settings = makeSettings({
    prompt: 'a cube',
    guidance: { scale: 7, rescale: 0, weighting: 'uniform' },
  });
  const { result, x, elements, levels, predicted } = await made(t, settings, 3, 2, size);
  const { alpha, sigma } = levels.dm;
  const v = predicted;
  const { z } = result;
  let held = 0;
  // With weight 1 the gradient is 2 / pixels (ε_guided − ε): solved for the clean estimate.
  const reached = Array.from({ length: elements }, (_, e) => {
    const noise = (z[e]! - alpha * (2 * x[e]! - 1)) / sigma;
    const guided = noise + (result.gradient[e]! * 2 * plane) / 2;
    return (z[e]! - sigma * guided) / alpha;
  });
  for (let e = 0; e < elements; e++) {
    const channel = Math.floor(e / plane) % 4;
    const ceiling = channel < 3 ? Math.min(1, reached[e + (3 - channel) * plane]!) : 1;
    expect(reached[e]!).toBeGreaterThan(-1 - 1e-3);
    expect(reached[e]!).toBeLessThan(ceiling + 1e-3);
    const epsilon = (predicted: number) => alpha * predicted + sigma * z[e]!;
    const unheld = epsilon(v[elements + e]!) + 7 * (epsilon(v[e]!) - epsilon(v[elements + e]!));
    const clean = (z[e]! - sigma * unheld) / alpha;
    if (clean < -1 || clean > ceiling) held++;
    else expect(reached[e]!).toBeCloseTo(clean, 2);
  }
  expect(held).toBeGreaterThan(elements / 10);
  expect(held).toBeLessThan(elements);
});
