import { expect, test } from 'vitest';
import { claims, variants } from '../../src/eval/claims';
import { coarseShare, probe } from '../../src/eval/probe';
import { normal } from '../../src/random';
import { makeSettings } from '../../src/settings';
import { openTinyEngine } from '../engine';
import { openTestGpu } from '../gpu';

test('the coarse share is all of what is the same within blocks, and none of a checkerboard', () => {
  const shape = { side: 6, blocks: 3 };
  const planes = (of: (x: number, y: number) => number) =>
    Float32Array.from({ length: 2 * 36 }, (_, i) => of(i % 6, Math.floor(i / 6) % 6));
  expect(coarseShare([planes((x, y) => Math.floor(x / 2) - Math.floor(y / 2))], shape)).toBeCloseTo(
    1,
  );
  expect(coarseShare([planes((x, y) => (-1) ** (x + y))], shape)).toBeCloseTo(0);
  const noise = Float32Array.from({ length: 36 * 400 }, (_, i) => normal(1, 2, 3, i));
  expect(coarseShare([noise], shape)).toBeCloseTo(1 / 4, 1);
});

test('a probe compares both methods at one θ under one noise, and leaves no trace in a run', async () => {
  const engine = await openTinyEngine((await openTestGpu()).gpu);
  const settings = { generator: 'pixels', steps: 4, fake: { rank: 2, updates: 1 } } as const;
  const options = { prompt: 'a red chair', seed: 3, settings: [settings], draws: 3 };
  const records = await probe(engine, options);
  expect(records.map(({ step, level }) => [step, level])).toEqual(
    [2, 4].flatMap((step) => [0.9, 0.7, 0.5, 0.3, 0.1].map((level) => [step, level])),
  );
  for (const { matching, variance, coarse } of records) {
    expect(matching.sds).toBeGreaterThan(0);
    expect(matching.vsd).toBeGreaterThan(0);
    expect(coarse).toBeGreaterThan(0);
    expect(coarse).toBeLessThan(1 + 1e-6);
    for (const { ratio, relative } of variance) {
      expect(ratio).toBeGreaterThan(0);
      expect(relative.sds).toBeGreaterThan(0);
    }
    // The larger the scale, the more of both is the guidance that they share.
    const [low, , high] = variance.map(({ ratio }) => Math.abs(Math.log(ratio)));
    expect(high).toBeLessThan(low!);
  }
  expect(await probe(engine, options)).toEqual(records);
  await engine.dispose();
});

test('every variant has settings that are possible, and a name of its own', () => {
  expect(new Set(variants.map(({ id }) => id)).size).toBe(variants.length);
  expect(claims.every((claim) => claim.variants.length > 1)).toBe(true);
  for (const { method, settings } of variants) {
    if (method !== 'prior') makeSettings(settings, { prompt: 'a cube', method });
  }
});
