import { beforeAll, describe, expect, test } from 'vitest';
import { differentiate, type Graph, inferShapes, makeTensor, write } from '#onnx';
import { Readback } from '../../src/gpu/readback';
import { makeSettings, type PartialSettings } from '../../src/settings';
import { readCheckpoint } from '../../src/train/checkpoint';
import type { RewardSource } from '../../src/train/engine';
import { openTinyEngine } from '../engine';
import { openTestGpu, type TestGpu } from '../gpu';
import { node, sizes } from '../prior/tiny_prior';
import { refusal } from '../refusal';

const { V, H } = sizes;
const shape = [V, 4, H, H];
/** Opaque blue everywhere: what the made-up reward wants to see. */
const wanted = Array.from({ length: V * 4 * H * H }, (_, i) =>
  Math.floor(i / (H * H)) % 4 >= 2 ? 1 : 0,
);

/** R = −Σ (views − wanted)², as a graph. */
const rewardGraph: Graph = {
  name: 'made-up reward',
  irVersion: 9,
  opsets: { '': 17 },
  inputs: [{ name: 'views', dataType: 'float32', shape }],
  outputs: [{ name: 'value', dataType: 'float32', shape: [1, 1, 1, 1] }],
  nodes: [
    node('Sub', ['views', 'wanted'], 'off'),
    node('Mul', ['off', 'off'], 'squares'),
    node('ReduceSum', ['squares', 'axes'], 'sum'),
    node('Neg', ['sum'], 'value'),
  ],
  initializers: new Map([
    ['wanted', makeTensor(wanted, shape, 'float32')],
    ['axes', makeTensor([0, 1, 2, 3], [4], 'int64')],
  ]),
};

/** The reward and its gradient as `src/onnx` makes it of the graph. */
const madeUp: RewardSource = async (runtime) => {
  const { graph, gradients } = differentiate(inferShapes(rewardGraph, {}), {
    of: 'value',
    withRespectTo: ['views'],
  });
  const session = await runtime.loadForHost('reward', write(graph), {
    inputs: { views: shape },
    outputs: { value: [1, 1, 1, 1], [gradients.views!]: shape },
  });
  return {
    async evaluate(views) {
      const output = await session.evaluate({ views: { data: views, dims: shape } });
      return { value: output('value')[0]!, gradient: output(gradients.views!) };
    },
  };
};

const settingsOf = (...rest: PartialSettings[]) =>
  makeSettings(
    { prompt: 'a red chair', method: 'sds', generator: 'pixels', steps: 30, seed: 5 },
    ...rest,
  );

describe('a reward', { timeout: 60_000 }, () => {
  let t: TestGpu;
  beforeAll(async () => {
    t = await openTestGpu();
  });

  test('is climbed, and waits for the end of a cold start', async () => {
    const engine = await openTinyEngine(t.gpu, {}, madeUp);
    const finish = async (...rest: PartialSettings[]) => {
      const run = await engine.createRun(settingsOf(...rest));
      const rewards: (number | undefined)[] = [];
      let half: Uint8Array = new Uint8Array();
      while (!run.finished) {
        const report = await run.takeStep();
        if (report.act === 'distil') rewards.push(report.reward);
        if (run.step === 15) half = await run.checkpoint();
      }
      const { tensors } = readCheckpoint(half);
      run.dispose();
      return { rewards, tensors };
    };
    const cold = await finish({ reward: { weight: [0.5, 0, 1, 0.5], clip: 20 } });
    const without = await finish();
    expect(without.rewards.every((value) => value === undefined)).toBe(true);
    expect(cold.tensors).toEqual(without.tensors);
    expect(cold.rewards.slice(0, 16).every((value) => value === undefined)).toBe(true);
    const climbed = cold.rewards.slice(16) as number[];
    expect(climbed.at(-1)!).toBeGreaterThan(climbed[0]! + 1);
    await engine.dispose();
  });

  test("is added as −ρ ∂R/∂x, held to a multiple of the scores' gradient", async () => {
    const engine = await openTinyEngine(t.gpu, {}, madeUp);
    const readback = new Readback(t.gpu);
    const rms = (values: Float32Array) =>
      Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
    const step = async (reward: PartialSettings['reward']) => {
      const run = await engine.createRun(settingsOf({ reward: reward! }));
      await run.takeStep();
      const words = V * 4 * H * H;
      const gradient = await readback.floats(run.generator.viewGradients, words);
      const views = await readback.floats(run.generator.views, words);
      run.dispose();
      return { gradient, views };
    };
    const plain = await step({ weight: 0 });
    const added = async (weight: number, clip: number) =>
      (await step({ weight, clip })).gradient.map((g, e) => g - plain.gradient[e]!);
    const slope = plain.views.map((view, e) => -2 * (view - wanted[e]!));
    const free = await added(1e-5, 100);
    expect(rms(free.map((value, e) => value + 1e-5 * slope[e]!))).toBeLessThan(1e-3 * rms(free));
    expect(rms(await added(1e5, 0.5)) / rms(plain.gradient)).toBeCloseTo(0.5, 3);
    readback.dispose();
    await engine.dispose();
  });

  test('that nobody can give is refused', async () => {
    const engine = await openTinyEngine(t.gpu);
    expect(await refusal(() => engine.createRun(settingsOf({ reward: { weight: 1 } })))).toBe(
      'A reward was asked for, and this engine has no network that gives one. Set --reward.weight 0.',
    );
    await engine.dispose();
  });
});
