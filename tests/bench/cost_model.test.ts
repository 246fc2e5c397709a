import { describe, expect, test } from 'vitest';
import {
  bound,
  type Cost,
  cellRuns,
  type PeakRates,
  rateAt,
  stageCosts,
  type Workload,
} from '../../src/bench/cost_model';
import { median } from '../../src/bench/timer';

const peakRates: PeakRates = {
  operations: 1000,
  exponentials: 100,
  bandwidth: [
    { bytes: 10, rate: 400 },
    { bytes: 1000, rate: 100 },
  ],
  gathers: [{ bytes: 8, rate: 50 }],
  atomics: [
    { bytes: 8, rate: 20 },
    { bytes: 64, rate: 10 },
  ],
  dispatch: 0.25,
};

const cost: Cost = {
  operations: 1000,
  exponentials: 50,
  bytes: 100,
  gathers: [{ count: 10, bytes: 8 }],
  atomics: [],
  dispatches: 2,
};

const workload: Workload = {
  rays: 64,
  pixels: 64,
  samplesPerRay: 32,
  ballSteps: 1500,
  points: 1000,
  levelEntries: [512, 4096],
  levelRuns: [300, 800],
  hidden: 32,
  partialRows: 16,
  parameters: 10_000,
  movedParameters: 4000,
  cubeCells: 4096,
  ballCells: 2500,
};

describe('bound', () => {
  test('the busiest resource and the dispatches make the bound', () => {
    expect(bound(cost, peakRates)).toEqual({ seconds: 1 + 2 * 0.25, limit: 'operations' });
    expect(bound({ ...cost, exponentials: 400 }, peakRates).limit).toBe('exponentials');
    expect(bound({ ...cost, bytes: 10_000 }, peakRates)).toEqual({
      seconds: 100 + 0.5,
      limit: 'bandwidth',
    });
    expect(bound({ ...cost, operations: 0, dispatches: 8 }, peakRates).limit).toBe('dispatch');
  });

  test('accesses to tables of several sizes add up', () => {
    const atomics = [
      { count: 40, bytes: 8 },
      { count: 40, bytes: 100 },
    ];
    expect(bound({ ...cost, atomics }, peakRates)).toEqual({
      seconds: 2 + 4 + 0.5,
      limit: 'atomics',
    });
  });
});

test('a rate is the best that was measured over as much or more', () => {
  const rates = [
    { bytes: 8, rate: 3 },
    { bytes: 64, rate: 1 },
    { bytes: 512, rate: 2 },
  ];
  expect([4, 8, 63, 64, 511, 512, 4096].map((bytes) => rateAt(rates, bytes))).toEqual([
    3, 3, 3, 2, 2, 2, 2,
  ]);
});

describe('stage costs', () => {
  const costs = stageCosts(workload);

  test('every stage that goes over points does so in proportion', () => {
    const twice = stageCosts({ ...workload, points: 2000 });
    for (const name of ['grid forward', 'MLP forward'] as const) {
      expect(twice[name].operations).toBe(2 * costs[name].operations);
      expect(twice[name].bytes).toBe(2 * costs[name].bytes);
    }
    expect(twice.objective).toEqual(costs.objective);
    expect(twice.Adam).toEqual(costs.Adam);
  });

  test('the perceptron: H (2L + 5) + 20 multiply-adds a point forward, three times its features back', () => {
    expect(costs['MLP forward'].operations).toBe(1000 * (32 * (4 + 5) + 20));
    expect(costs['MLP backward'].operations).toBe(1000 * (32 * (3 * 4 + 11) + 16));
  });

  test('the grid: eight gathers of a point in a level, sixteen atomics of a run', () => {
    expect(costs['grid forward'].gathers).toEqual([
      { count: 8000, bytes: 2048 },
      { count: 8000, bytes: 16384 },
    ]);
    expect(costs['grid backward'].atomics).toEqual([
      { count: 4800, bytes: 4096 },
      { count: 12800, bytes: 32768 },
    ]);
  });

  test('Adam: 38 bytes of an entry that moves, 36 of a weight, 12 of an entry that rests', () => {
    const weights = 32 * (4 + 4);
    expect(costs.Adam.bytes).toBe(6000 * 12 + 4000 * 38 - weights * 2);
  });
});

describe('cell runs', () => {
  const line = (xs: readonly number[]) => Float32Array.from(xs.flatMap((x) => [x, 0, 0, 0]));

  test('a run ends with the cell and with the ray', () => {
    const positions = line([-0.9, -0.8, -0.1, 0.1, 0.2, 0.9]);
    expect(cellRuns(positions, new Set([0]), 2)).toBe(2);
    expect(cellRuns(positions, new Set([0]), 4)).toBe(4);
    expect(cellRuns(positions, new Set([0, 1]), 2)).toBe(3);
  });

  test('positions on and beyond the border are in the last cell; no points have no runs', () => {
    expect(cellRuns(line([1, 0.99, 1.5]), new Set([0]), 8)).toBe(1);
    expect(cellRuns(line([]), new Set(), 8)).toBe(0);
  });
});

test('the median is the middle value, or the mean of the middle two', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([7])).toBe(7);
});
