import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NoiseSchedule } from '../../src/prior/noise_schedule';
import { makeSettings, presetOf } from '../../src/settings';
import { placeOf } from '../../src/train/plan';
import { type DrawStep, groupCameras, roundSteps } from '../../src/train/rounds';
import { manifestOf } from './parts';

const manifest = manifestOf(8);
const schedule = new NoiseSchedule(manifest.alpha_bar);

const settings = (steps: number, reconstruction = {}) =>
  makeSettings({ prompt: 'a cube', method: 'sir', steps, reconstruction });

const drawings = (steps: ReturnType<typeof roundSteps>) => {
  const drawn = steps.filter((step): step is DrawStep => step.act === 'draw');
  const groups = new Set(drawn.map(({ group }) => group));
  return [...groups].map((group) => drawn.filter((step) => step.group === group));
};

test('a run draws, fits, and goes round', () => {
  const steps = roundSteps(settings(300), schedule);
  expect(steps).toHaveLength(300);
  const [first, ...rounds] = drawings(steps);
  expect(first!.map(({ from }) => from)).toEqual([...schedule.samplingTimesteps(12)]);
  expect(rounds).toHaveLength(2);
  // Three steps up from τ² to τ, five down.
  const paths = rounds.map((round) => [round[0]!.from, ...round.map(({ to }) => to)]);
  expect(paths[0]).toEqual([250, 333, 417, 500, 400, 300, 200, 100, -1]);
  expect(paths.at(-1)).toEqual([122, 198, 274, 350, 280, 210, 140, 70, -1]);
  for (const round of rounds) {
    expect(round.map(({ inverts }) => inverts)).toEqual([
      ...Array(3).fill(true),
      ...Array(5).fill(false),
    ]);
  }
  const tops = rounds.map((round) => Math.max(...round.map(({ from }) => from)));
  expect(tops).toEqual(tops.toSorted((a, b) => b - a));
  // 272 fits: .4 of them before the rounds, .3 after.
  const fits = steps.filter((step) => step.act === 'fit');
  expect(fits.map(({ index }) => index)).toEqual(Array.from({ length: 272 }, (_, i) => i));
  expect(steps.findIndex(({ act }) => act === 'fit')).toBe(12);
  expect(steps.findLastIndex(({ act }) => act === 'draw')).toBe(300 - 82 - 40 - 1);
  expect(fits.filter(({ settles }) => settles).length).toBe(82);
});

test('an object that a run starts from is noised and drawn anew', () => {
  const { start } = makeSettings({
    prompt: 'a cube',
    start: { source: 'file:cube.obj', noise: 0.5 },
  });
  const [first, round] = drawings(roundSteps({ ...settings(300), start }, schedule));
  expect(first!.map(({ from }) => from)).toHaveLength(12);
  expect(first![0]!.from).toBe(schedule.timestepAt(0.5));
  expect(first!.at(-1)!.to).toBe(-1);
  expect(round![0]!.inverts).toBe(true);
});

test('without inversion the views are noised straight to τ', () => {
  const [, round] = drawings(roundSteps(settings(300, { inversion: 0, evaluations: 2 }), schedule));
  expect(round!.map(({ from, to }) => [from, to])).toEqual([
    [500, 250],
    [250, -1],
  ]);
});

test('presets go through the same phases in as many steps as they have', () => {
  for (const [preset, rounds] of [
    ['fast', 2],
    ['tiny', 2],
    ['high', 2],
  ] as const) {
    const of = makeSettings(presetOf(preset), { prompt: 'a cube', method: 'sir' });
    const steps = roundSteps(of, schedule);
    expect(steps).toHaveLength(of.steps);
    expect(drawings(steps)).toHaveLength(rounds + 1);
  }
});

test('every run ends after its steps, and each drawing goes from where it began to the end', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 400 }),
      fc.record({
        rounds: fc.integer({ min: 0, max: 40 }),
        firstEvaluations: fc.integer({ min: 1, max: 60 }),
        evaluations: fc.integer({ min: 1, max: 20 }),
        inversion: fc.integer({ min: 0, max: 10 }),
        firstFits: fc.double({ min: 0, max: 1, noNaN: true }),
        lastFits: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      (count, reconstruction) => {
        const steps = roundSteps(settings(count, reconstruction), schedule);
        expect(steps).toHaveLength(count);
        expect(steps[0]).toMatchObject({ act: 'draw', group: 0, from: 999 });
        const fits = steps.flatMap((step) => (step.act === 'fit' ? [step.index] : []));
        expect(fits).toEqual(fits.map((_, i) => i));
        for (const drawing of drawings(steps)) {
          drawing.forEach(({ from, to, inverts }, i) => {
            expect(inverts ? to >= from : to < from || from < 20).toBe(true);
            if (i > 0) expect(from).toBe(drawing[i - 1]!.to);
          });
          expect(drawing.at(-1)!.to).toBe(-1);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('rounds look from everywhere: a function of the seed, within the elevations of the prior', () => {
  const places = Array.from({ length: 33 }, (_, group) =>
    placeOf(groupCameras(manifest, 5, group)[0]!),
  );
  expect(places[0]!.azimuth).toBeCloseTo(0);
  const [low, high] = manifest.camera.elevation;
  for (const { elevation } of places) {
    expect(elevation).toBeGreaterThanOrEqual(low - 1e-3);
    expect(elevation).toBeLessThanOrEqual(high + 1e-3);
  }
  // No quarter of the range of azimuths or elevations is left out.
  const quarter = (value: number, from: number, to: number) =>
    Math.min(3, Math.floor((4 * (value - from)) / (to - from)));
  const rounds = places.slice(1);
  expect(new Set(rounds.map(({ azimuth }) => quarter(azimuth, 0, 90))).size).toBe(4);
  expect(new Set(rounds.map(({ elevation }) => quarter(elevation, low, high))).size).toBe(4);
  expect(groupCameras(manifest, 5, 7)).toEqual(groupCameras(manifest, 5, 7));
  expect(groupCameras(manifest, 6, 7)).not.toEqual(groupCameras(manifest, 5, 7));
});
