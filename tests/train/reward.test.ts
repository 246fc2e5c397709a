import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { differentiate, type Graph, inferShapes, makeTensor, write } from '#onnx';
import { Readback } from '../../src/gpu/readback';
import { LocalFiles } from '../../src/prior/files';
import { loadRetrieval } from '../../src/retrieval/files';
import { promptRewards } from '../../src/retrieval/prompt_reward';
import { makeSettings, type PartialSettings } from '../../src/settings';
import { readCheckpoint } from '../../src/train/checkpoint';
import type { RewardSource } from '../../src/train/engine';
import { openTinyEngine } from '../engine';
import { openTestGpu, type TestGpu } from '../gpu';
import { node, sizes } from '../prior/tiny_prior';
import { refusal } from '../refusal';
import { writeTinyRetrieval } from '../retrieval/tiny_retrieval';

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
    id: 'blue',
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

  test('that is not a number ends the run, and changes nothing', async () => {
    const broken: RewardSource = async () => ({
      id: 'broken',
      evaluate: async (views) => ({ value: Number.NaN, gradient: new Float32Array(views.length) }),
    });
    const engine = await openTinyEngine(t.gpu, {}, broken);
    const run = await engine.createRun(settingsOf({ reward: { weight: 1 } }));
    const before = await run.checkpoint();
    expect(await refusal(() => run.takeStep())).toMatch(
      /The reward is NaN.*Go on without it \(--reward.weight 0\)/,
    );
    expect(Buffer.compare(await run.checkpoint(), before)).toBe(0);
    run.dispose();
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

describe('DMDR', { timeout: 60_000 }, () => {
  let t: TestGpu;
  let folder: string;
  let reads = 0;
  beforeAll(async () => {
    t = await openTestGpu();
    folder = await mkdtemp(join(tmpdir(), 'limbeck-reward-'));
    await writeTinyRetrieval(folder);
  });
  afterAll(() => rm(folder, { recursive: true }));

  const rewardIn = (place: string) =>
    promptRewards(async () => {
      reads++;
      return loadRetrieval(new LocalFiles(place, readFile), place);
    });
  const dmdr = (...rest: PartialSettings[]) =>
    settingsOf({ method: 'dmdr', steps: 8, fake: { rank: 2, updates: 1 } }, ...rest);

  test('reads its reward once, for the first run that climbs one', async () => {
    const engine = await openTinyEngine(t.gpu, {}, rewardIn(folder));
    reads = 0;
    for (const settings of [settingsOf(), dmdr(), dmdr({ prompt: 'a lamp' })]) {
      const before = reads;
      (await engine.createRun(settings)).dispose();
      expect(reads - before).toBe(before === 0 && settings.method === 'dmdr' ? 1 : 0);
    }
    await engine.dispose();
  });

  test('gives the same bytes, stopped after its cold start and resumed, or not', async () => {
    const engine = await openTinyEngine(t.gpu, {}, rewardIn(folder));
    const run = await engine.createRun(dmdr());
    const rewards: (number | undefined)[] = [];
    let half: Uint8Array = new Uint8Array();
    while (!run.finished) {
      const report = await run.takeStep();
      if (report.act === 'distil') rewards.push(report.reward);
      if (run.step === 6) half = await run.checkpoint();
    }
    expect(rewards.map((reward) => reward !== undefined)).toEqual([
      ...Array(5).fill(false),
      ...Array(3).fill(true),
    ]);
    const resumed = await engine.createRun(dmdr());
    resumed.restore(half);
    while (!resumed.finished) await resumed.takeStep();
    expect(Buffer.compare(await resumed.checkpoint(), await run.checkpoint())).toBe(0);
    run.dispose();
    resumed.dispose();
    await engine.dispose();

    const other = await openTinyEngine(t.gpu, {}, madeUp);
    const run2 = await other.createRun(dmdr());
    expect(await refusal(() => run2.restore(half))).toBe(
      'The checkpoint was made with another reward. Give that one with --reward, or start anew.',
    );
    run2.dispose();
    await other.dispose();
  });

  test('is DMD, bit for bit, without its reward', async () => {
    const engine = await openTinyEngine(t.gpu);
    const finish = async (method: 'dmd' | 'dmdr') => {
      const run = await engine.createRun(dmdr({ method, reward: { weight: 0 }, steps: 3 }));
      while (!run.finished) await run.takeStep();
      const { tensors } = readCheckpoint(await run.checkpoint());
      run.dispose();
      return tensors;
    };
    expect(await finish('dmdr')).toEqual(await finish('dmd'));
    await engine.dispose();
  });

  test('needs a reward that is there', async () => {
    const engine = await openTinyEngine(t.gpu, {}, rewardIn('/nowhere'));
    for (let tries = 0; tries < 2; tries++) {
      expect(await refusal(() => engine.createRun(dmdr()))).toContain(
        '/nowhere/manifest.json cannot be read',
      );
    }
    (await engine.createRun(dmdr({ reward: { weight: 0 } }))).dispose();
    await engine.dispose();
  });
});
