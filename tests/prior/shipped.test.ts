import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Gpu, openGpu } from '../../src/gpu/device';
import { Readback } from '../../src/gpu/readback';
import { Denoiser } from '../../src/prior/denoiser';
import { FakeNetworks } from '../../src/prior/fake_score';
import { LocalFiles, loadPrior, type Prior } from '../../src/prior/files';
import { type Estimate, Sampler } from '../../src/prior/sampler';
import { type Conditioning, PromptEncoder } from '../../src/prior/text_encoder';
import { normal } from '../../src/random';
import { openNodeBackend } from '../../src/runtime/node';
import { Runtime } from '../../src/runtime/runtime';
import synonyms from '../fixtures/synonyms.json';
import { openTestGpu, type TestGpu } from '../gpu';

let t: TestGpu;
let prior: Prior;
let runtime: Runtime;
let texts: Conditioning[];
let count: number;
let z: Float32Array;
let cameras: Float32Array;

const draw = (length: number, stream: number) =>
  Float32Array.from({ length }, (_, i) => normal(4, stream, 0, i));

beforeAll(async () => {
  t = await openTestGpu();
  prior = await loadPrior(new LocalFiles('models/default', readFile));
  runtime = new Runtime(t.gpu, await openNodeBackend(t.gpu, 'cpu'));
  const encoder = await PromptEncoder.load(runtime, prior);
  texts = [await encoder.encode('a red chair'), await encoder.encode('')];
  const { views, channels, resolution } = prior.manifest;
  count = views * channels * resolution ** 2;
  z = draw(2 * count, 1);
  cameras = draw(views * 16, 2);
});
afterAll(() => runtime.dispose());

async function loadDenoiser(on: Runtime, batch: number): Promise<Denoiser> {
  const denoiser = await Denoiser.load(on, prior, batch);
  for (let n = 0; n < batch; n++) denoiser.setText(n, texts[n]!);
  const { queue } = on.gpu.device;
  queue.writeBuffer(denoiser.z, 0, z as Float32Array<ArrayBuffer>, 0, batch * count);
  return denoiser;
}

async function predict(denoiser: Denoiser, readback = t.readback): Promise<Float32Array> {
  const timesteps = [400, 80].slice(0, denoiser.batch);
  await denoiser.run({ timesteps, cameras });
  return readback.floats(denoiser.prediction, denoiser.batch * count);
}

/** A device without any optional feature, as browsers give it on many machines. */
async function openPlainGpu(): Promise<Gpu> {
  const { dawn } = globalThis as unknown as { dawn: GPU };
  const adapter = (await dawn.requestAdapter())!;
  const plain = {
    info: adapter.info,
    limits: adapter.limits,
    features: new Set(),
    requestDevice: (descriptor: GPUDeviceDescriptor) => adapter.requestDevice(descriptor),
  };
  return openGpu({ requestAdapter: async () => plain } as unknown as GPU, '');
}

test('the prompt, and nothing else, tells the two encodings apart', () => {
  const { max_tokens, width, pooled } = prior.manifest.text;
  for (const text of texts) {
    expect(text.tokens.length).toBe(max_tokens * width);
    expect(text.pooled.length).toBe(pooled);
    expect(text.truncated).toBe(false);
    expect(text.unknownWords).toEqual([]);
  }
  expect(texts[0]!.pooled).not.toEqual(texts[1]!.pooled);
  expect(texts[1]!.mask.reduce((sum, value) => sum + value)).toBe(2);
});

test.each([
  ['an unknown word', 'a zxqvyk', []],
  ['German', 'ein grüner Baum', []],
  ['Chinese', '一棵松树', ['一棵松树']],
  ['Russian', 'зелёное дерево', ['зеленое', 'дерево']],
  ['emoji', 'a 🌲 and a 🐈', ['🌲', '🐈']],
  ['half a character', 'a \ud83d', []],
  ['10,000 characters', 'a pine tree '.repeat(833), []],
])(
  '%s in a prompt: what is known of it is drawn, the rest is named',
  async (_, prompt, unknown) => {
    const encoder = await PromptEncoder.load(runtime, prior);
    const { tokens, mask, pooled, truncated, unknownWords } = await encoder.encode(prompt);
    expect(unknownWords).toEqual(unknown);
    expect(truncated).toBe(prompt.length > 1000);
    expect(tokens.every(Number.isFinite) && pooled.every(Number.isFinite)).toBe(true);
    expect(mask.reduce((sum, value) => sum + value)).toBeGreaterThan(2);
    await encoder.dispose();
  },
);

test('of 60 words that no caption has, 7 in 10 land next to the word for the same thing', async () => {
  const encoder = await PromptEncoder.load(runtime, prior);
  const pooled = async (prompt: string) => (await encoder.encode(prompt)).pooled;
  const captions = [...new Set(Object.values(synonyms))];
  const known = await Promise.all(captions.map(pooled));
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
  let landed = 0;
  for (const [prompt, caption] of Object.entries(synonyms)) {
    const unseen = await pooled(prompt);
    const near = known.map((vector) => dot(vector, unseen));
    if (captions[near.indexOf(Math.max(...near))] === caption) landed++;
  }
  await encoder.dispose();
  expect(Object.keys(synonyms).length).toBe(60);
  expect(landed).toBeGreaterThanOrEqual(42);
});

test('8 calls on all cores give the same bytes', async () => {
  const denoiser = await loadDenoiser(runtime, 2);
  const first = await predict(denoiser);
  expect(first.every(Number.isFinite)).toBe(true);
  for (let i = 1; i < 8; i++) expect(await predict(denoiser)).toEqual(first);
  await denoiser.dispose();
});

test('a plain device predicts what the CPU predicts', { timeout: 240_000 }, async () => {
  const gpu = await openPlainGpu();
  expect([...gpu.device.features]).not.toContain('shader-f16');
  const device = new Runtime(gpu, await openNodeBackend(gpu, 'webgpu'));
  const encoder = await PromptEncoder.load(device, prior);
  const { tokens } = await encoder.encode('a red chair');
  tokens.forEach((value, i) => {
    expect(value).toBeCloseTo(texts[0]!.tokens[i]!, 4);
  });

  const [onCpu, onDevice] = [await loadDenoiser(runtime, 1), await loadDenoiser(device, 1)];
  const expected = await predict(onCpu);
  const found = await predict(onDevice, new Readback(gpu));
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const error = found.reduce((most, v, i) => Math.max(most, Math.abs(v - expected[i]!)), 0);
  expect(error).toBeLessThan(1e-4 * scale);
  await onCpu.dispose();
  await onDevice.dispose();
  await device.dispose();
});

test('the fake score starts as the frozen denoiser, bit for bit, and learns', async () => {
  const frozen = await loadDenoiser(runtime, 1);
  const fake = (await FakeNetworks.load(runtime, prior)).score(1);
  const { queue } = t.gpu.device;
  fake.setText(0, texts[0]!);
  for (const seen of [fake.z, fake.learned]) {
    queue.writeBuffer(seen, 0, z as Float32Array<ArrayBuffer>, 0, count);
  }
  const expected = await predict(frozen);
  await fake.predict({ timesteps: [400], cameras });
  expect(await t.readback.floats(fake.prediction, count)).toEqual(expected);

  // Something near what it predicts: what is far takes more than low rank.
  queue.writeBuffer(
    fake.target,
    0,
    expected.map((value) => 0.7 * value + 0.1),
  );
  const losses: number[] = [];
  for (let i = 0; i < 12; i++) {
    const { loss, gradientNorm } = await fake.train({
      timestep: 400,
      cameras,
      text: texts[0]!,
      learningRate: 2e-3,
    });
    expect(gradientNorm).toBeGreaterThan(0);
    losses.push(loss);
  }
  expect(losses.at(-1)!).toBeLessThan(0.9 * losses[0]!);
  fake.dispose();
  await frozen.dispose();
});

test('a sample is four views in range, the same ones for one seed', async () => {
  const denoiser = await loadDenoiser(runtime, 2);
  const sampler = new Sampler(runtime, async () => denoiser, prior.manifest);
  const [prompt, unconditional] = [texts[0]!, texts[1]!];
  const options = { seed: 5, steps: 3, guidance: 3, prompt, unconditional, cameras };
  const drawn = async (disturb: () => void) => {
    let last: Estimate | undefined;
    for await (last of sampler.sample(options)) disturb();
    return last!.views;
  };
  const views = await drawn(() => {});
  expect(views.length).toBe(count);
  expect(views.every((value) => value >= 0 && value <= 1)).toBe(true);
  // Between two steps the denoiser may be asked about other things.
  const others = await drawn(() => {
    denoiser.setText(0, unconditional);
    denoiser.setText(1, prompt);
    t.gpu.device.queue.writeBuffer(denoiser.z, 0, z as Float32Array<ArrayBuffer>);
  });
  expect(others).toEqual(views);
  sampler.dispose();
  await denoiser.dispose();
});
