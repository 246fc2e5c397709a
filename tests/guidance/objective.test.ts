import { beforeAll, describe, expect, test } from 'vitest';
import { Noising } from '../../src/guidance/noise';
import { Objective, slotLevels } from '../../src/guidance/objective';
import {
  drawLevels,
  drawStep,
  noiseLevel,
  type StepLevels,
  weight,
} from '../../src/guidance/timestep';
import { streams, uniform } from '../../src/random';
import { makeSettings, type Settings, scheduled } from '../../src/settings';
import { openTestGpu, type TestGpu } from '../gpu';
import { noised, objectiveGradient, type Term } from '../reference/objective';

const alphaBar = Array.from({ length: 1000 }, (_, i) => Math.cos((i / 1000) * 1.5) ** 2);
/** Noise of its own at every step, as after the views have settled. */
const ownNoise = { guidance: { weighting: 'uniform', settle: 0 } } as const;
const random = (count: number, stream: number) =>
  Float32Array.from({ length: count }, (_, i) => uniform(11, stream, 0, i));

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

const termOf = (settings: Settings, level: StepLevels['matching'], lambda: number): Term => ({
  ...level,
  weight: lambda * weight(settings.guidance.weighting, level),
});

/** Runs noise and objective on the GPU with made-up predictions; returns both sides. */
async function run(settings: Settings, step: number, views: number, size: number) {
  const elements = views * 4 * size * size;
  const shape = { elements, pixels: views * size * size, views, prediction: 'v' as const };
  const levels = drawLevels(settings, alphaBar, step);
  const slots = slotLevels(levels);
  const x = random(elements, 101);
  const v = random(elements * slots.length, 102);
  const vFake = random(elements, 103);
  const fake = settings.guidance.baseline === 'fake';
  const buffers = {
    views: t.arena.upload('views', x),
    z: t.arena.allocate('z', elements * slots.length),
    prediction: t.arena.upload('prediction', v),
    gradient: t.arena.allocate('gradient', elements),
    ...(fake ? { fakePrediction: t.arena.upload('fake', vFake) } : {}),
  };
  const noising = new Noising(t.gpu, shape, slots.length, buffers);
  const objective = new Objective(t.gpu, shape, buffers);
  noising.begin(settings.seed, step, slots);
  objective.begin(settings, step, levels);
  await t.run((pass) => {
    noising.record(pass);
    objective.record(pass);
  });
  const scale = scheduled(settings.guidance.scale, step, settings.steps);
  const matching = termOf(settings, levels.matching, settings.guidance.lambdaDm);
  const adherence = termOf(settings, levels.adherence, 1);
  const z = {
    matching: noised(x, matching, settings.seed, step),
    adherence: noised(x, adherence, settings.seed, step),
  };
  const expected = objectiveGradient(
    z,
    {
      conditional: v.subarray(0, elements),
      unconditional: v.subarray(elements, 2 * elements),
      conditionalAdherence: settings.guidance.sharedTimestep
        ? v.subarray(0, elements)
        : v.subarray(2 * elements),
      ...(fake ? { fake: vFake } : {}),
    },
    matching,
    adherence,
    scale - 1,
    settings.guidance.rescale,
    settings.seed,
    step,
    shape.pixels,
    size * size,
  );
  const result = {
    z: await t.readback.floats(buffers.z, elements * slots.length),
    gradient: await t.readback.floats(buffers.gradient, elements),
    norms: await t.readback.floats(objective.norms, 3),
  };
  noising.dispose();
  objective.dispose();
  return { result, expected, z, elements };
}

const rms = (values: ArrayLike<number>) =>
  Math.sqrt(Array.from(values).reduce((s, x) => s + x * x, 0) / values.length);

describe.each([
  { name: 'sds', overrides: { method: 'sds' as const } },
  { name: 'vsd', overrides: { method: 'vsd' as const } },
  {
    name: 'decoupled timesteps',
    overrides: { method: 'vsd' as const, guidance: { sharedTimestep: false } },
  },
  {
    name: 'rescaled guidance',
    overrides: { method: 'sds' as const, guidance: { scale: 3, rescale: 0.7 } },
  },
])('$name', ({ overrides }) => {
  test.each([
    [4, 32],
    [1, 1],
    [3, 5],
  ])('%i views of %i px agree with the reference', async (views, size) => {
    const settings = makeSettings({ prompt: 'a cube', seed: 5 }, overrides, ownNoise);
    const { result, expected, z, elements } = await run(settings, 17, views, size);
    const error = result.gradient.map((g, e) => g - expected[e]!);
    expect(rms(error)).toBeLessThan(1e-4 * rms(expected));
    expect(rms(result.z.subarray(0, elements).map((v, e) => v - z.matching[e]!))).toBeLessThan(
      1e-5,
    );
    expect(result.norms[2]!).toBeCloseTo(rms(expected), 4);
  });
});

test('SDS at guidance scale s leads to the guided estimate, held to premultiplied RGBA', async () => {
  const size = 8;
  const plane = size * size;
  const settings = makeSettings({ prompt: 'a cube', guidance: { scale: 7, rescale: 0 } }, ownNoise);
  const { result, elements } = await run(settings, 3, 2, size);
  const { alpha, sigma } = drawLevels(settings, alphaBar, 3).matching;
  const v = random(2 * elements, 102);
  const x = random(elements, 101);
  const z = result.z;
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

test('timesteps follow the schedule, and methods of one seed draw the same', () => {
  const sds = makeSettings({ prompt: 'a cube', seed: 9, steps: 100 });
  const vsd = makeSettings({ prompt: 'a cube', seed: 9, steps: 100, method: 'vsd' });
  for (let step = 0; step < 100; step++) {
    const level = drawLevels(sds, alphaBar, step).matching;
    expect(drawLevels(vsd, alphaBar, step).matching).toEqual(level);
    expect(level.timestep).toBeGreaterThanOrEqual(20);
    expect(level.timestep).toBeLessThanOrEqual(
      1000 * scheduled(sds.guidance.maxTimestep, step, 100),
    );
  }
});

test('cameras and noise stay those of the first step while the views settle', () => {
  const settings = makeSettings({ prompt: 'a cube', steps: 10, guidance: { settle: 0.3 } });
  expect([0, 1, 2, 3, 4].map((step) => drawStep(settings, step))).toEqual([0, 0, 0, 3, 4]);
});

test('a level at the end of the table is its last entry', () => {
  expect(noiseLevel(alphaBar, 1, streams.noise).timestep).toBe(999);
  expect(noiseLevel(alphaBar, 0, streams.noise).timestep).toBe(0);
});
