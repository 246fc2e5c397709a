import { beforeAll, expect, test } from 'vitest';
import { type PeakRates, stageNames } from '../../src/bench/cost_model';
import type { Size } from '../../src/bench/sizes';
import { measureStep } from '../../src/bench/stages';
import { Timer } from '../../src/bench/timer';
import { fieldSettings } from '../../src/field/settings';
import { complete } from '../../src/schema';
import { openTestGpu, type TestGpu } from '../gpu';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

const size: Size = {
  name: 'tiny',
  views: 2,
  resolution: 8,
  samplesPerRay: 16,
  occupancyResolution: 8,
  field: complete(fieldSettings, { levels: 2, log2TableSize: 10, maxResolution: 16, hidden: 16 }),
};

const rate = [{ bytes: 8, rate: 1e9 }];
const peakRates: PeakRates = {
  operations: 1e9,
  exponentials: 1e9,
  bandwidth: rate,
  gathers: rate,
  atomics: rate,
  dispatch: 1e-6,
};

test('every stage is timed beside its bound; another program is told of the same step', async () => {
  const timer = new Timer(t.gpu, { clock: () => performance.now() / 1e3, batch: 0, batches: 1 });
  const seconds = 5;
  const told: number[] = [];
  const result = await measureStep(t.gpu, timer, peakRates, size, async (step) => {
    told.push(step.cameras.length, step.levels.length, step.occupancy.length);
    return { seconds, points: 1, version: '', device: '' };
  });
  timer.dispose();
  expect(result.stages.map(({ name }) => name)).toEqual([...stageNames]);
  for (const stage of result.stages) expect(stage.seconds).toBeGreaterThan(0);
  expect(result.step.measured).toBeGreaterThan(0);
  expect(result.baseline?.ratio).toBeCloseTo(seconds / result.step.measured, 6);
  expect(told).toEqual([2, 2, 64]);

  const { points, ballSteps, levelRuns, movedParameters, parameters } = result.workload;
  expect(points).toBeGreaterThan(0);
  expect(points).toBeLessThanOrEqual(ballSteps);
  for (const runs of levelRuns) {
    expect(runs).toBeGreaterThan(0);
    expect(runs).toBeLessThanOrEqual(points);
  }
  expect(movedParameters).toBeGreaterThan(0);
  expect(movedParameters).toBeLessThanOrEqual(parameters);
});

test('recording that is not valid is an error, not a time', async () => {
  const timer = new Timer(t.gpu, { clock: () => 0, batch: 0, batches: 1 });
  await expect(timer.seconds((pass) => pass.dispatchWorkgroups(1))).rejects.toThrow(/pipeline/);
});
