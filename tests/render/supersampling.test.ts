import { expect, test } from 'vitest';
import { doublings, mostRaysPerPixel, raysPerPixel } from '../../src/render/supersampling';
import { makeSettings, presetOf, settingsAt } from '../../src/settings';

test('a side doubles as often as it fits', () => {
  expect([0, 16, 32, 63, 64, 127, 128, 512, 1024].map((size) => doublings(size, 32))).toEqual([
    1, 1, 1, 1, 2, 2, 4, 16, 32,
  ]);
});

test('the preset high renders what a denoiser of 32 pixels sees at 128, 256, then 512', () => {
  const settings = makeSettings(presetOf('high'), { prompt: 'a cube', steps: 100 });
  const side = (step: number) =>
    32 * Math.sqrt(raysPerPixel(settingsAt(settings, step).render, 32));
  expect([0, 29, 31, 69, 70, 99].map(side)).toEqual([128, 128, 256, 256, 512, 512]);
  expect(mostRaysPerPixel(settings, 32)).toBe(256);
  // A denoiser that sees 64 pixels has as many rays in all, one that sees 512 its own.
  expect(mostRaysPerPixel(settings, 64)).toBe(64);
  expect(mostRaysPerPixel(settings, 512)).toBe(1);
});

test('other presets render what the denoiser sees', () => {
  const settings = makeSettings({ prompt: 'a cube', render: { raysPerPixel: 3 } });
  expect([0, 250, 499].map((step) => raysPerPixel(settingsAt(settings, step).render, 32))).toEqual([
    3, 3, 3,
  ]);
  expect(mostRaysPerPixel(settings, 32)).toBe(3);
});
