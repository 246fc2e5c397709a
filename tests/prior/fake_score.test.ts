import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { LimbeckError } from '../../src/errors';
import { Denoiser } from '../../src/prior/denoiser';
import { FakeNetworks, type FakeScore } from '../../src/prior/fake_score';
import type { Prior } from '../../src/prior/files';
import { type Conditioning, PromptEncoder } from '../../src/prior/text_encoder';
import { normal } from '../../src/random';
import { openNodeBackend } from '../../src/runtime/node';
import { Runtime } from '../../src/runtime/runtime';
import { openTestGpu, type TestGpu } from '../gpu';
import { sizes, tinyPrior } from './tiny_prior';

let t: TestGpu;
let prior: Prior;
beforeAll(async () => {
  t = await openTestGpu();
  prior = await tinyPrior();
});

const { V, C, H } = sizes;
const floats = V * C * H * H;
const draw = (count: number, stream: number) =>
  Float32Array.from({ length: count }, (_, i) => normal(2, stream, 0, i));
const z = draw(floats, 1);
const target = draw(floats, 2);
const cameras = draw(V * 16, 3);
const view = { timesteps: [400], cameras };
const norm = (values: Float32Array) =>
  Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));

describe.each(['cpu', 'webgpu'] as const)('on the back end %s', { timeout: 120_000 }, (kind) => {
  let runtime: Runtime;
  let text: Conditioning;
  let fake: FakeScore;
  /** One training step at a rate. */
  const train = (of: FakeScore, learningRate: number) =>
    of.train({ timestep: 400, cameras, text, learningRate });
  beforeAll(async () => {
    runtime = new Runtime(t.gpu, await openNodeBackend(t.gpu, kind));
    text = await (await PromptEncoder.load(runtime, prior)).encode('red chair');
    fake = await load(7);
  }, 120_000);
  afterAll(() => runtime.dispose());

  async function load(seed: number, rank?: number): Promise<FakeScore> {
    const made = (await FakeNetworks.load(runtime, prior, rank)).score(seed);
    made.setText(0, text);
    for (const seen of [made.z, made.learned]) t.gpu.device.queue.writeBuffer(seen, 0, z);
    t.gpu.device.queue.writeBuffer(made.target, 0, target);
    return made;
  }

  async function predicted(of: FakeScore): Promise<Float32Array> {
    await of.predict(view);
    return t.readback.floats(of.prediction, floats);
  }

  test('starts as the frozen denoiser, bit for bit', async () => {
    const frozen = await Denoiser.load(runtime, prior, 1);
    frozen.setText(0, text);
    t.gpu.device.queue.writeBuffer(frozen.z, 0, z);
    await frozen.run({ ...view });
    const expected = await t.readback.floats(frozen.prediction, floats);
    expect(await predicted(fake)).toEqual(expected);
    await frozen.dispose();
  });

  test('its first step is AdamW on the mean squared error', async () => {
    const prediction = await predicted(fake);
    const before = await fake.snapshot();
    const rate = 1e-3;
    const { loss, gradientNorm } = await train(fake, rate);
    const squares = prediction.map((value, i) => (value - target[i]!) ** 2);
    expect(loss).toBeCloseTo(squares.reduce((sum, value) => sum + value, 0) / floats, 5);

    const after = await fake.snapshot();
    expect(after.step).toEqual(Float32Array.of(1));
    expect(norm(after.m) / 0.1 / gradientNorm).toBeCloseTo(1, 4);
    expect(gradientNorm).toBeGreaterThan(0);
    after.m.forEach((moment, i) => {
      const gradient = moment / 0.1;
      expect(after.v[i]!).toBeCloseTo(0.01 * gradient ** 2, 7);
      const update = rate * (gradient / (Math.abs(gradient) + 1e-8));
      expect(after.lora[i]!).toBeCloseTo(before.lora[i]! * (1 - rate * 0.01) - update, 5);
    });
  });

  test('learns fixed data', async () => {
    const losses: number[] = [];
    for (let i = 0; i < 30; i++) {
      losses.push((await train(fake, 2e-2)).loss);
    }
    expect(losses.at(-1)!).toBeLessThan(0.7 * losses[0]!);
    const prediction = await predicted(fake);
    const squares = prediction.map((value, i) => (value - target[i]!) ** 2);
    expect(squares.reduce((sum, value) => sum + value, 0) / floats).toBeLessThan(losses.at(-1)!);
  });

  test('goes on from a snapshot with the same bytes', async () => {
    const state = await fake.snapshot();
    const goOn = async (from: FakeScore) => {
      const reports = [];
      for (let i = 0; i < 2; i++) reports.push(await train(from, 1e-2));
      return { reports, state: await from.snapshot(), prediction: await predicted(from) };
    };
    const first = await goOn(fake);
    fake.restore(state);
    expect(await goOn(fake)).toEqual(first);
    const other = await load(8);
    other.restore(state);
    expect(await goOn(other)).toEqual(first);
    other.dispose();
  });

  test('starts from its seed, in the rank it is told', async () => {
    const lora = async (seed: number, rank?: number) => {
      const made = await load(seed, rank);
      const state = await made.snapshot();
      made.dispose();
      return state.lora;
    };
    expect(await lora(9)).toEqual(await lora(9));
    expect(await lora(9)).not.toEqual(await lora(10));
    expect((await lora(9, 3)).length / (await lora(9)).length).toBe(3 / prior.manifest.lora.rank);
  });

  test('refuses a state of another size', async () => {
    const state = await fake.snapshot();
    expect(() => fake.restore({ ...state, m: state.m.subarray(1) })).toThrow(
      `The fake score takes 'm' as F32 [${fake.size}], and the snapshot has F32 [${fake.size - 1}]`,
    );
  });

  test('keeps its weights when the loss is not finite', async () => {
    const before = await fake.snapshot();
    t.gpu.device.queue.writeBuffer(
      fake.target,
      0,
      target.map(() => Number.NaN),
    );
    await expect(train(fake, 1)).rejects.toThrow(LimbeckError);
    expect(await fake.snapshot()).toEqual(before);
  });
});

test('fake scores share their networks, of which nothing stays loaded', async () => {
  const runtime = new Runtime(t.gpu, await openNodeBackend(t.gpu, 'cpu', 1));
  const networks = await FakeNetworks.load(runtime, prior);
  for (const seed of [1, 2]) networks.score(seed).dispose();
  expect(runtime.loadedNetworks).toBe(2);
  await networks.dispose();
  expect(runtime.loadedNetworks).toBe(0);
  const load = runtime.load.bind(runtime);
  vi.spyOn(runtime, 'load').mockImplementation((name, ...rest) =>
    name.startsWith('The training step')
      ? Promise.reject(new Error('no memory'))
      : load(name, ...rest),
  );
  await expect(FakeNetworks.load(runtime, prior)).rejects.toThrow('no memory');
  expect(runtime.loadedNetworks).toBe(0);
  await runtime.dispose();
});

test('a target that the network lacks is named', async () => {
  const runtime = new Runtime(t.gpu, await openNodeBackend(t.gpu, 'cpu', 1));
  const broken = await tinyPrior({ lora: { rank: 2, targets: ['blocks.*.q'] } });
  await expect(FakeNetworks.load(runtime, broken)).rejects.toThrow(/blocks\.\*\.q/);
  await runtime.dispose();
});
