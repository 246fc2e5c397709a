import { expect, test } from 'vitest';
import {
  drawFakeLevels,
  drawLevels,
  noiseLevel,
  noiseStepOf,
} from '../../src/guidance/noise_level';
import { NoiseSchedule } from '../../src/prior/noise_schedule';
import { streams } from '../../src/random';
import { makeSettings, type PartialSettings, scheduled, settingsAt } from '../../src/settings';

const schedule = new NoiseSchedule(
  Array.from({ length: 1000 }, (_, i) => Math.cos((i / 1000) * 1.5) ** 2),
);

const settingsOf = (...overrides: PartialSettings[]) =>
  makeSettings({ prompt: 'a cube', seed: 9, steps: 100 }, ...overrides);

test('timesteps follow the schedule, and methods of one seed draw the same', () => {
  const [sds, vsd] = [settingsOf(), settingsOf({ method: 'vsd' })];
  for (let step = 0; step < 100; step++) {
    const level = drawLevels(settingsAt(sds, step), schedule, step).dm;
    expect(drawLevels(settingsAt(vsd, step), schedule, step).dm).toEqual(level);
    expect(level.timestep).toBeGreaterThanOrEqual(20);
    expect(level.timestep).toBeLessThanOrEqual(
      1000 * scheduled(sds.guidance.maxTimestep, step, 100),
    );
  }
});

test('terms share a level unless they are told to draw their own', () => {
  const shared = drawLevels(settingsAt(settingsOf(), 5), schedule, 5);
  expect(shared.cfg).toBe(shared.dm);
  expect(shared.baseline).toBe(shared.dm);
  const apart = settingsOf({ guidance: { sharedTimestep: false } });
  const { dm, cfg } = drawLevels(settingsAt(apart, 5), schedule, 5);
  expect(dm).toEqual(shared.dm);
  expect(cfg.timestep).not.toBe(dm.timestep);
  expect(cfg.stream).not.toBe(dm.stream);
});

test('a shifted baseline is later by up to η (τ − τ_min), of the same noise', () => {
  const settings = settingsOf({
    guidance: { baseline: 'shifted', shift: 0.5, minTimestep: 0.1, maxTimestep: 0.9 },
  });
  const shifts = Array.from({ length: 100 }, (_, step) => {
    const { dm, baseline } = drawLevels(settingsAt(settings, step), schedule, step);
    expect(baseline.stream).toBe(dm.stream);
    const most = 0.5 * (dm.timestep - 100);
    expect(baseline.timestep).toBeGreaterThanOrEqual(dm.timestep);
    expect(baseline.timestep).toBeLessThanOrEqual(dm.timestep + most + 1);
    return (baseline.timestep - dm.timestep) / Math.max(1, most);
  });
  const mean = shifts.reduce((sum, shift) => sum + shift, 0) / shifts.length;
  expect(mean).toBeGreaterThan(0.4);
  expect(mean).toBeLessThan(0.6);
});

test('cameras and noise stay those of the first step while the views settle', () => {
  const settings = makeSettings({ prompt: 'a cube', steps: 10, guidance: { settle: 0.3 } });
  const at = (step: number) => noiseStepOf(settingsAt(settings, step), step);
  expect([0, 1, 2, 3, 4].map(at)).toEqual([0, 0, 0, 3, 4]);
});

test('the fake score trains at as many levels as it takes updates, each its own', () => {
  const settings = settingsOf({ method: 'vsd', fake: { updates: 3 } });
  const levels = drawFakeLevels(settingsAt(settings, 4), schedule, 4);
  expect(levels).toHaveLength(3);
  expect(new Set(levels.map(({ timestep }) => timestep)).size).toBe(3);
  const none = settingsOf({ fake: { updates: 0 } });
  expect(drawFakeLevels(settingsAt(none, 4), schedule, 4)).toEqual([]);
});

test('a level at the end of the table is its last entry', () => {
  expect(noiseLevel(schedule, 1, streams.noise).timestep).toBe(999);
  expect(noiseLevel(schedule, 0, streams.noise).timestep).toBe(0);
});
