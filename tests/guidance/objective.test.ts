import { beforeAll, describe, expect, test } from 'vitest';
import { Noising } from '../../src/guidance/noise';
import { drawLevels, weight } from '../../src/guidance/noise_level';
import { Objective } from '../../src/guidance/objective';
import { batchOf, type Query, questionsOf, slotOf } from '../../src/guidance/queries';
import { NoiseSchedule } from '../../src/prior/noise_schedule';
import { uniform } from '../../src/random';
import { makeSettings, type PartialSettings, type Settings, settingsAt } from '../../src/settings';
import { openTestGpu, type TestGpu } from '../gpu';
import { type Answer, noised, objectiveGradient } from '../reference/objective';

const schedule = new NoiseSchedule(
  Array.from({ length: 1000 }, (_, i) => Math.cos((i / 1000) * 1.5) ** 2),
);
const random = (count: number, stream: number) =>
  Float32Array.from({ length: count }, (_, i) => uniform(11, stream, 0, i));

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

/** Runs noise and objective on the GPU with made-up predictions; returns both sides. */
async function run(settings: Settings, step: number, views: number, size: number, channels = 4) {
  const elements = views * channels * size * size;
  const shape = { elements, pixels: views * size * size, views, prediction: 'v' as const };
  const now = settingsAt(settings, step);
  const levels = drawLevels(now, schedule, step);
  const questions = questionsOf(settings.guidance);
  const draw = { seed: settings.seed, noiseStep: step, levels, now };
  const x = random(elements, 101);
  const input = t.arena.upload('input', x);
  const gradient = t.arena.allocate('gradient', elements);
  /** A model's batch: its noised inputs on the GPU, and what it predicts there. */
  const model = (name: Query['model'], stream: number) => {
    const batch = batchOf(questions, name);
    const v = random(elements * batch.length, stream);
    const z = t.arena.allocate('z', elements * Math.max(1, batch.length));
    const prediction = t.arena.upload('prediction', v);
    const noising =
      batch.length > 0 ? new Noising(t.gpu, shape, batch.length, { views: input, z }) : undefined;
    noising?.begin(
      settings.seed,
      step,
      batch.map(({ level }) => levels[level]),
    );
    return { batch, v, z, prediction, noising };
  };
  const models = { frozen: model('frozen', 102), fake: model('fake', 103) };
  const objective = new Objective(
    t.gpu,
    shape,
    {
      questions,
      z: models.frozen.z,
      prediction: models.frozen.prediction,
      fakeZ: models.fake.z,
      fakePrediction: models.fake.prediction,
    },
    gradient,
  );
  objective.begin(draw);
  await t.run((pass) => {
    models.frozen.noising?.record(pass);
    models.fake.noising?.record(pass);
    objective.record(pass);
  });
  const answer = (query: Query): Answer => {
    const level = levels[query.level];
    const { v, batch } = models[query.model];
    const at = slotOf(batch, query) * elements;
    return { z: noised(x, level, settings.seed, step), v: v.subarray(at, at + elements), level };
  };
  const { guidance } = now;
  const expected = objectiveGradient({
    conditional: answer(questions.conditional),
    baseline: questions.baseline && answer(questions.baseline),
    cfgConditional: answer(questions.cfgConditional),
    cfgUnconditional: answer(questions.cfgUnconditional),
    weights: {
      dm: guidance.lambdaDm * weight(guidance.weighting, levels.dm),
      cfg: weight(guidance.weighting, levels.cfg),
    },
    lambdaCfg: guidance.scale - 1,
    rescale: guidance.rescale,
    threshold: guidance.threshold,
    seed: settings.seed,
    step,
    pixels: shape.pixels,
    plane: size * size,
  });
  const result = {
    z: await t.readback.floats(models.frozen.z, elements),
    gradient: await t.readback.floats(gradient, elements),
    sizes: await objective.sizes(t.readback),
  };
  models.frozen.noising?.dispose();
  models.fake.noising?.dispose();
  objective.dispose();
  return { result, expected, x, elements, levels };
}

const rms = (values: ArrayLike<number>) =>
  Math.sqrt(Array.from(values).reduce((s, x) => s + x * x, 0) / values.length);

const cases: readonly (readonly [name: string, overrides: PartialSettings])[] = [
  ['sds', { method: 'sds' }],
  ['vsd', { method: 'vsd' }],
  ['a baseline at a later τ', { guidance: { baseline: 'shifted', shift: 0.5 } }],
  ['decoupled timesteps', { method: 'vsd', guidance: { sharedTimestep: false } }],
  ['rescaled guidance', { method: 'sds', guidance: { scale: 3, rescale: 0.7 } }],
  ['rescaled, not held', { guidance: { scale: 3, rescale: 0.7, threshold: false } }],
  ['the equation of the paper alone', { guidance: { scale: 9, rescale: 0, threshold: false } }],
  ['no DM term', { guidance: { scale: 9, lambdaDm: 0 } }],
];

describe.each(cases)('%s', (_, overrides) => {
  test.each([
    [4, 32, 4],
    [1, 1, 4],
    [3, 5, 4],
    [3, 5, 3],
  ])(
    '%i views of %i px and %i channels agree with the reference',
    async (views, size, channels) => {
      const settings = makeSettings({ prompt: 'a cube', seed: 5 }, overrides, {
        guidance: { weighting: 'uniform' },
      });
      const { result, expected, x, elements, levels } = await run(
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
  const { result, x, elements, levels } = await run(settings, 3, 2, 8);
  const { alpha, sigma } = levels.dm;
  const v = random(2 * elements, 102);
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
  const { result, x, elements, levels } = await run(settings, 3, 2, size);
  const { alpha, sigma } = levels.dm;
  const v = random(2 * elements, 102);
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
