import { beforeAll, expect, test } from 'vitest';
import { makeSettings, type PartialSettings } from '../../src/settings';
import { openTestGpu, type TestGpu } from '../gpu';
import { made, rms } from './made_up';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

/** Nothing held, rescaled or normalised, one range of τ: what is left is each method's own equation. */
const alike = {
  guidance: {
    scale: 7.5,
    rescale: 0,
    threshold: false,
    weighting: 'sigma_squared',
    minTimestep: 0.3,
    maxTimestep: 0.9,
  },
} as const satisfies PartialSettings;

const gradientOf = async (...settings: PartialSettings[]) => {
  const run = makeSettings({ prompt: 'a cube', seed: 5 }, alike, ...settings);
  return (await made(t, run, 4, 3, 5)).result.gradient;
};

test('VSD whose fake score returns the noise is SDS', async () => {
  const run = (method: 'sds' | 'vsd') =>
    makeSettings({ prompt: 'a cube', seed: 5 }, alike, { method });
  const { result: vsd } = await made(t, run('vsd'), 4, 3, 5, 4, true);
  const { result: sds } = await made(t, run('sds'), 4, 3, 5);
  const error = vsd.gradient.map((g, e) => g - sds.gradient[e]!);
  expect(rms(error)).toBeLessThan(1e-5 * rms(sds.gradient));
  expect(await gradientOf({ method: 'vsd' })).not.toEqual(vsd.gradient);
});

test("decoupled DMD with τ' = τ, λ_DM = 1, λ_CFG = s − 1 is VSD, bit for bit", async () => {
  const shared = { guidance: { sharedTimestep: true, lambdaDm: 1 } };
  const decoupled = await gradientOf({ method: 'decoupled-dmd' }, shared);
  expect(decoupled).toEqual(await gradientOf({ method: 'vsd' }));
  expect(await gradientOf({ method: 'decoupled-dmd' })).not.toEqual(decoupled);
});

test('ASD without a shift is CSD of the weights (1, 0, −1) times s − 1', async () => {
  const asd = await gradientOf({ method: 'asd', guidance: { shift: 0 } });
  const csd = await gradientOf({ method: 'csd', guidance: { negativeShare: 0 } });
  expect(rms(asd.map((g, e) => g - csd[e]!))).toBeLessThan(1e-6 * rms(csd));
  const shifted = await gradientOf({ method: 'asd', guidance: { shift: 0.5 } });
  expect(rms(shifted.map((g, e) => g - csd[e]!))).toBeGreaterThan(0.01 * rms(csd));
});

test('ESD whose fake score is told the cameras is VSD', async () => {
  const told = { guidance: { fakeScale: 1 } };
  expect(await gradientOf({ method: 'esd' }, told)).toEqual(await gradientOf({ method: 'vsd' }));
});

test('DMD without its normaliser and with the weight of VSD is VSD', async () => {
  const plain = { guidance: { normalise: false } };
  expect(await gradientOf({ method: 'dmd' }, plain)).toEqual(await gradientOf({ method: 'vsd' }));
});

test('guidance alone and matching alone add up to both', async () => {
  const [guidance, matching, both] = [
    await gradientOf({ method: 'vsd', guidance: { lambdaDm: 0 } }),
    await gradientOf({ method: 'vsd', guidance: { scale: 1 } }),
    await gradientOf({ method: 'vsd' }),
  ];
  const sum = guidance.map((g, e) => g + matching[e]!);
  expect(rms(sum.map((g, e) => g - both[e]!))).toBeLessThan(1e-6 * rms(both));
});
