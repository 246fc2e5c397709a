import { expect, test } from 'vitest';
import { makeSettings, type PartialSettings } from '../../src/settings';
import { refusal } from '../refusal';

test.each<[name: string, settings: PartialSettings, message: RegExp]>([
  [
    'a negative range of τ',
    { method: 'sds', guidance: { minTimestep: 0.8, maxTimestep: 0.5 } },
    /range of τ is negative: after 0 % of the run --guidance.minTimestep is 0.8.*maxTimestep 0.5.*Lower/,
  ],
  [
    'one that crosses on the way',
    { method: 'sds', guidance: { minTimestep: 0.6, maxTimestep: [0, 0.98, 0.5, 0.5] } },
    /after 50 % of the run --guidance.minTimestep is 0.6 and --guidance.maxTimestep 0.5/,
  ],
  [
    "a negative range of τ'",
    { method: 'decoupled-dmd', guidance: { cfgMinTimestep: 1, cfgMaxTimestep: 0.5 } },
    /--guidance.cfgMinTimestep is 1/,
  ],
  [
    'no weight at all',
    { method: 'sds', guidance: { lambdaDm: 0, scale: 1 } },
    /All weights are zero: nothing would move the views. Raise --guidance.lambdaDm/,
  ],
  [
    'a reward alone, which is held to a multiple of nothing',
    { method: 'dmdr', guidance: { lambdaDm: 0, scale: 1 } },
    /All weights are zero/,
  ],
  [
    'matching with a fake score that never learns',
    { method: 'vsd', guidance: { scale: 1 }, fake: { updates: 0 } },
    /All weights are zero.*--fake.updates/,
  ],
  [
    'matching with the same prediction',
    { method: 'asd', guidance: { scale: 1, shift: 0 } },
    /All weights are zero.*--guidance.shift/,
  ],
  [
    'a weight that is not a number',
    { method: 'sds', guidance: { lambdaDm: Number.NaN } },
    /'guidance.lambdaDm' takes a number/,
  ],
  [
    'a schedule that is not of numbers',
    { method: 'sds', guidance: { scale: [0, Number.NaN, 2, 1] } },
    /'guidance.scale' takes/,
  ],
  [
    'a schedule that ends before it starts',
    { method: 'dmdr', reward: { weight: [0.5, 0, 1, 0.2] } },
    /'reward.weight' takes/,
  ],
  [
    'a fake score asked about what it never learns',
    { method: 'vsd', guidance: { fakeScale: 0.5 } },
    /asks the fake score without cameras.*Raise --fake.cameraDropout/,
  ],
  [
    'noise on the surface of pictures',
    { method: 'sds', generator: 'pixels', guidance: { noise: 'surface' } },
    /free pictures: they have none. Take --generator field/,
  ],
  [
    'particles of a reconstruction',
    { method: 'sir', particles: 2 },
    /SIR fits one object: it has no particles. Set --particles 1/,
  ],
  [
    'five particles',
    { method: 'vsd', particles: 5 },
    /'particles' takes a whole number from 1 to 4/,
  ],
])('%s is refused', async (_, settings, message) => {
  expect(await refusal(() => makeSettings({ prompt: 'a cube' }, settings))).toMatch(message);
});

test('guidance alone and matching alone are settings', () => {
  const alone = { method: 'vsd', prompt: 'a cube' } as const;
  expect(makeSettings(alone, { guidance: { lambdaDm: 0 } }).guidance.lambdaDm).toBe(0);
  expect(makeSettings(alone, { guidance: { scale: 1 } }).guidance.scale).toBe(1);
});
