import { Noising } from '../../src/guidance/noise';
import { baselineShare, drawLevels, weight } from '../../src/guidance/noise_level';
import { Objective } from '../../src/guidance/objective';
import { batchOf, type Query, questionsOf, slotOf } from '../../src/guidance/queries';
import { NoiseSchedule } from '../../src/prior/noise_schedule';
import { normal, uniform } from '../../src/random';
import { type Settings, settingsAt } from '../../src/settings';
import type { TestGpu } from '../gpu';
import { type Answer, noised, objectiveGradient } from '../reference/objective';

const schedule = new NoiseSchedule(
  Array.from({ length: 1000 }, (_, i) => Math.cos((i / 1000) * 1.5) ** 2),
);
const random = (count: number, stream: number) =>
  Float32Array.from({ length: count }, (_, i) => uniform(11, stream, 0, i));

const seedOf = (words: string) =>
  [...words].reduce((sum, letter) => (31 * sum + letter.charCodeAt(0)) % 9973, 0);

/**
 * Runs noise and objective on the GPU with made-up predictions; returns both sides.
 * @param fakeSaysNoise whether the fake score predicts the very noise that was added.
 */
export async function made(
  t: TestGpu,
  settings: Settings,
  step: number,
  views: number,
  size: number,
  channels = 4,
  fakeSaysNoise = false,
) {
  const elements = views * channels * size * size;
  const pixels = views * size * size;
  const shape = { elements, pixels, views, timesteps: 1000, prediction: 'v' as const };
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
    const noiseItself = Float32Array.from(x, (value, e) => {
      const { alpha, sigma } = levels.dm;
      const epsilon = normal(settings.seed, levels.dm.stream, step, e);
      return alpha * epsilon - sigma * (2 * value - 1);
    });
    // What is answered depends on text and timestep alone, whatever else is asked.
    const answers = Float32Array.from(
      batch.flatMap(({ text, level, blind }) => [
        ...random(elements, stream + seedOf(`${text} ${levels[level].timestep} ${blind}`)),
      ]),
    );
    const v = name === 'fake' && fakeSaysNoise ? noiseItself : answers;
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
    { input, inputGradient: gradient },
  );
  objective.begin(draw);
  await t.run((pass) => {
    models.frozen.noising?.record(pass);
    models.fake.noising?.record(pass);
    objective.record(pass);
    objective.measure({ pass, split() {} });
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
    cfgNegative: answer(questions.cfgNegative),
    negativeShare: guidance.negativeShare,
    baselineBlind: questions.baselineBlind && answer(questions.baselineBlind),
    fakeScale: guidance.fakeScale,
    baselineShare: baselineShare(guidance, levels.baseline, 1000),
    normalisedBy: guidance.normalise ? x : null,
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
  return { result, expected, x, elements, levels, predicted: models.frozen.v };
}

export const rms = (values: ArrayLike<number>) =>
  Math.sqrt(Array.from(values).reduce((s, x) => s + x * x, 0) / values.length);
