import { beforeAll, describe, expect, test } from 'vitest';
import { type Graph, inferShapes, write } from '#onnx';
import { Submission } from '../../src/gpu/submission';
import { ClipTokenizer } from '../../src/prior/diffusers/clip_tokenizer';
import { alphaBarOf, predictionOf } from '../../src/prior/diffusers/schedule';
import type { ForeignDenoiser, Prior } from '../../src/prior/files';
import { buildFakeGraphs } from '../../src/prior/graphs';
import { openPrior } from '../../src/prior/layouts';
import { Spaces } from '../../src/prior/space/spaces';
import { openNodeBackend } from '../../src/runtime/node';
import { Runtime } from '../../src/runtime/runtime';
import { makeSettings, presetOf } from '../../src/settings';
import { Engine } from '../../src/train/engine';
import { openTestGpu, type TestGpu } from '../gpu';
import { GraphSession } from '../onnx/graph_session';
import { draws } from '../points';
import { refusal } from '../refusal';
import { inMemory, sizes, tinyPipeline, type UnetKind, unet, vaeEncoder } from './tiny_pipeline';

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const { h, C, T, D } = sizes;
const latent = C * h * h;

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

/** A UNet whose first matrix lies in a file of its own. */
function outside(file = 'model.onnx_data') {
  const graph = unet();
  const [name, tensor] = [...graph.initializers].find(([key]) => key.endsWith('.weight'))!;
  const external = { file, offset: 0, length: tensor.data.length };
  const apart = { ...tensor, data: new Uint8Array(0), external };
  const initializers = new Map([...graph.initializers, [name, apart]]);
  return { model: write({ ...graph, initializers }), data: tensor.data };
}

const open = (change: Parameters<typeof tinyPipeline>[0] = {}) =>
  openPrior(inMemory(tinyPipeline(change)));

describe('a folder of diffusers', () => {
  test('says what its manifest is', async () => {
    const { manifest } = await open();
    expect(manifest).toMatchObject({
      ...{ views: 1, channels: 3, background: 'random', resolution: h },
      ...{ latent: { channels: C, side: h }, prediction: 'epsilon', timesteps: 1000 },
      text: { max_tokens: T, width: D, pooled: D, unconditional: '' },
      camera: { input: false },
    });
    // What Stable Diffusion 1 is known by: its last alpha_bar.
    expect(manifest.alpha_bar.at(-1)).toBeCloseTo(0.00466, 5);
    expect(manifest.alpha_bar[0]).toBeCloseTo(0.99915, 5);
  });

  const kinds: readonly UnetKind[] = [
    {},
    { timestep: 'float32' },
    { batched: false },
    { scalar: true },
    { scalar: true, batched: false, timestep: 'float32' },
    { guided: true },
  ];
  test.each(kinds)('a UNet is asked as it wants to be: %j', async (kind) => {
    const graph = unet(kind);
    const prior = await open({ 'unet/model.onnx': write(graph) });
    const denoiser = prior.denoiser as ForeignDenoiser;
    const session = await GraphSession.create(denoiser.placed(denoiser.graph, 2));
    const [z, text] = [draws(2 * latent, 1), draws(2 * T * D, 2)];
    const timestep = Float32Array.of(700, 20);
    const answers = await session.run({ z, timestep, text, text_mask: draws(2 * T, 3) });
    await session.dispose();
    const alone = await GraphSession.create(inferShapes(graph, { batch: 1 }));
    for (const n of [0, 1]) {
      const t = timestep[n]!;
      const wanted = await alone.run({
        sample: z.slice(n * latent, (n + 1) * latent),
        timestep: kind.timestep === 'float32' ? Float32Array.of(t) : BigInt64Array.of(BigInt(t)),
        encoder_hidden_states: text.slice(n * T * D, (n + 1) * T * D),
        timestep_cond: Float32Array.of(0, 0, 0, 1, 1, 1),
      });
      const found = answers.prediction!.subarray(n * latent, (n + 1) * latent);
      wanted.out_sample!.forEach((value, i) => {
        expect(Math.abs(value - found[i]!)).toBeLessThan(1e-5);
      });
    }
    await alone.dispose();
  });

  test('copies of a UNet share its weights, and its low-rank weights', async () => {
    const prior = await open({ 'unet/model.onnx': write(unet({ scalar: true })) });
    const { graph, placed } = prior.denoiser as ForeignDenoiser;
    const weights = (g: Graph) => [...g.initializers.keys()].filter((k) => k.endsWith('.weight'));
    expect(weights(placed(graph, 3)).sort()).toEqual(weights(graph).sort());
    const { lora, predict } = buildFakeGraphs(prior, 2, 2);
    expect(lora.layout.map(({ name }) => name).sort()).toEqual(
      ['k', 'out', 'q', 'v'].flatMap((part) => [`to_${part}.A`, `to_${part}.B`]),
    );
    expect(predict.signature.inputs.lora).toEqual([lora.size]);
  });

  test('weights may lie beside a model', async () => {
    const { model, data } = outside();
    const prior = await open({ 'unet/model.onnx': model, 'unet/model.onnx_data': data });
    const weightsOf = ({ denoiser }: Prior) =>
      [...(denoiser as ForeignDenoiser).graph.initializers].map(([name, w]) => [name, [...w.data]]);
    expect(new Map(weightsOf(prior) as [])).toEqual(new Map(weightsOf(await open()) as []));
  });
});

describe('the latent space', () => {
  test('sees what the encoder makes of the views over the background; its pullback is the slope', async () => {
    const runtime = new Runtime(t.gpu, await openNodeBackend(t.gpu, 'cpu', 1));
    const prior = await open();
    const manifest = { ...prior.manifest, background: [0.2, 0.6, 0.9] };
    const spaces = new Spaces(runtime, { ...prior, manifest } as Prior);
    const words = 4 * h * h;
    const values = draws(words, 4);
    const views = t.arena.upload('views', values);
    const viewGradients = t.arena.allocate('view_gradients', words);
    const space = (await spaces.maker())({ views, viewGradients });
    const gradient = draws(latent, 5).map((g) => g - 0.5);
    const work = new Submission(t.gpu, 'test');
    const inputOf = async (x: Float32Array<ArrayBuffer>) => {
      t.gpu.device.queue.writeBuffer(views, 0, x);
      await space.forward(work, { seed: 1, noiseStep: 0 });
      return t.readback.floats(space.input, latent);
    };
    const input = await inputOf(values);
    t.gpu.device.queue.writeBuffer(space.inputGradient, 0, gradient);
    await space.backward(work);
    work.submit();
    const found = await t.readback.floats(viewGradients, words);

    // The encoder alone, on the picture enlarged by hand: twice the side, between pixels linearly.
    const alone = await GraphSession.create(inferShapes(vaeEncoder(), { batch: 1 }));
    const rgb = (c: number, y: number, x: number) => {
      const alpha = values[3 * h * h + y * h + x]!;
      return 2 * (values[c * h * h + y * h + x]! + (1 - alpha) * manifest.background[c]!) - 1;
    };
    const near = (i: number) => {
      const at = Math.min(Math.max((i + 0.5) / 2 - 0.5, 0), h - 1);
      const low = Math.min(Math.floor(at), h - 2);
      return [low, at - low] as const;
    };
    const sample = Float32Array.from({ length: 3 * 4 * h * h }, (_, i) => {
      const [c, y, x] = [
        Math.floor(i / (4 * h * h)),
        Math.floor(i / (2 * h)) % (2 * h),
        i % (2 * h),
      ];
      const [[top, v], [left, u]] = [near(y), near(x)];
      const row = (r: number) => (1 - u) * rgb(c, r, left) + u * rgb(c, r, left + 1);
      return (1 - v) * row(top) + v * row(top + 1);
    });
    const { latent_parameters: parameters } = await alone.run({ sample });
    await alone.dispose();
    input.forEach((value, i) => {
      expect(Math.abs(2 * value - 1 - 0.4 * parameters![i]!)).toBeLessThan(1e-5);
    });

    const loss = async (x: Float32Array<ArrayBuffer>) =>
      (await inputOf(x)).reduce((sum, value, i) => sum + gradient[i]! * value, 0);
    const scale = Math.max(...found.map(Math.abs));
    for (let i = 0; i < words; i += 5) {
      const moved = (step: number) => values.map((v, k) => (k === i ? v + step : v));
      const slope = ((await loss(moved(0.02))) - (await loss(moved(-0.02)))) / 0.04;
      expect(Math.abs(slope - found[i]!)).toBeLessThan(5e-3 * scale);
    }
    space.dispose();
    await spaces.dispose();
    await runtime.dispose();
  });

  test.each(['sds', 'vsd'] as const)('%s runs in it, twice the same bytes', async (method) => {
    const backend = await openNodeBackend(t.gpu, 'cpu', 1);
    const engine = await Engine.open({ gpu: t.gpu, backend, files: inMemory(tinyPipeline()) });
    const settings = makeSettings(presetOf('tiny'), {
      prompt: 'a red chair',
      method,
      generator: 'pixels',
      steps: 8,
    });
    const ends = [];
    for (let time = 0; time < 2; time++) {
      const run = await engine.createRun(settings);
      const rows: string[] = [];
      for (; run.step < 8; ) {
        await run.takeStep(
          run.step === 3 ? (seen) => rows.push(...seen.rows.map((r) => r.id)) : undefined,
        );
      }
      expect(rows).toContain('clean-guided');
      ends.push(await run.checkpoint());
      run.dispose();
    }
    expect(Buffer.compare(ends[0]!, ends[1]!)).toBe(0);
    for await (const { views } of engine.sample('a red chair', { seed: 1, steps: 2 })) {
      expect(views.every((v) => v >= 0 && v <= 1)).toBe(true);
    }
    expect(await refusal(engine.createRun({ ...settings, method: 'sir' }))).toContain(
      'draws no alpha, and reconstruction',
    );
    await engine.dispose();
  });
});

describe('is refused, in words,', () => {
  const cut = (path: string, bytes = tinyPipeline().get(path)!) => ({
    [path]: bytes.slice(0, bytes.length >> 1),
  });
  const index = (change: object) => ({
    'model_index.json': json({ _class_name: 'XPipeline', unet: ['a', 'b'], ...change }),
  });
  const cases: [what: string, change: Parameters<typeof tinyPipeline>[0], words: RegExp][] = [
    [
      'a folder of nothing',
      { 'model_index.json': null },
      /manifest\.json cannot be read.*model_index\.json cannot be read.*Download it again\./,
    ],
    ['without a UNet', { 'unet/model.onnx': null }, /unet\/model\.onnx cannot be read/],
    [
      'an index without a UNet',
      index({ unet: [null, null], transformer: ['a', 'b'] }),
      /lists no unet, but a transformer: it is of a XPipeline/,
    ],
    ['Stable Diffusion XL', index({ text_encoder_2: ['a', 'b'] }), /two text encoders/],
    ['a file that shrank', cut('unet/model.onnx'), /unet cannot be used: .*truncated/],
    [
      'a page instead of a model',
      { 'vae_encoder/model.onnx': new TextEncoder().encode('<!doctype html><p>Sign in') },
      /vae_encoder cannot be used: .*not ONNX/,
    ],
    [
      'a page instead of a configuration',
      { 'scheduler/scheduler_config.json': new TextEncoder().encode('<html>') },
      /scheduler_config\.json is not JSON/,
    ],
    [
      'a text encoder of another width',
      { 'unet/model.onnx': write(unet({ width: D + 1 })) },
      new RegExp(`makes ${D} numbers a token, and unet/model\\.onnx reads ${D + 1}`),
    ],
    [
      'latents of another size',
      { 'unet/config.json': json({ sample_size: h + 2 }) },
      /makes latents of .* and the UNet sees 6 by 6|cannot be used/,
    ],
    [
      'an unknown schedule',
      { 'scheduler/scheduler_config.json': json({ beta_schedule: 'odd' }) },
      /beta_schedule "odd" is not known/,
    ],
    [
      'an unknown prediction',
      { 'scheduler/scheduler_config.json': json({ prediction_type: 'sample' }) },
      /prediction_type is "sample"/,
    ],
    [
      'a vocabulary of another tokenizer',
      { 'tokenizer/vocab.json': json({ hello: 0 }) },
      /vocab\.json has no piece "<\|startoftext\|>"/,
    ],
    [
      'no weights beside the model',
      { 'unet/model.onnx': outside().model },
      /unet\/model\.onnx_data cannot be read/,
    ],
    [
      'weights that shrank',
      { 'unet/model.onnx': outside().model, 'unet/model.onnx_data': new Uint8Array(8) },
      /model\.onnx_data.*truncated/,
    ],
    [
      'weights elsewhere',
      { 'unet/model.onnx': outside('../model.onnx_data').model },
      /is not a file beside it/,
    ],
  ];
  test.each(cases)('%s', async (_, change, words) => {
    expect(await refusal(open(change))).toMatch(words);
  });
});

describe('schedules of diffusers', () => {
  test('a last timestep without signal', () => {
    const table = alphaBarOf({
      ...{ beta_schedule: 'scaled_linear', beta_start: 0.00085, beta_end: 0.012 },
      rescale_betas_zero_snr: true,
    });
    expect(table.at(-1)).toBe(0);
    expect(table[0]).toBeCloseTo(0.99915, 5);
  });

  test('given betas, cosines', () => {
    expect(alphaBarOf({ trained_betas: [0.5, 0.5] })).toEqual([0.5, 0.25]);
    const table = alphaBarOf({ beta_schedule: 'squaredcos_cap_v2' });
    expect(table[499]).toBeCloseTo(0.49385, 4);
    expect(predictionOf({ prediction_type: 'v_prediction' })).toBe('v');
  });
});

test('CLIP splits words into pairs, cuts what is long, and pads with its end', () => {
  const files = tinyPipeline();
  const parse = (path: string) => JSON.parse(new TextDecoder().decode(files.get(path)));
  const tokenizer = new ClipTokenizer({
    format: 'clip',
    vocabulary: parse('tokenizer/vocab.json'),
    merges: new TextDecoder().decode(files.get('tokenizer/merges.txt')),
    config: parse('tokenizer/tokenizer_config.json'),
  });
  expect(tokenizer.length).toBe(T);
  expect([...tokenizer.tokenize(' A  red CHAIR').ids]).toEqual([0, 4, 2, 5, 1, 1, 1]);
  expect(tokenizer.tokenize('a red chair a red').truncated).toBe(false);
  const long = tokenizer.tokenize('a red chair a red chair');
  expect([...long.ids]).toEqual([0, 4, 2, 5, 4, 2, 1]);
  expect(long.truncated).toBe(true);
});
