import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Graph } from '#onnx';
import { write } from '#onnx';
import { LimbeckError } from '../../src/errors';
import { Denoiser } from '../../src/prior/denoiser';
import { FakeNetworks } from '../../src/prior/fake_score';
import { type Estimate, Sampler, type SamplingOptions } from '../../src/prior/sampler';
import { PromptEncoder, promptNotes } from '../../src/prior/text_encoder';
import { chooseBackend } from '../../src/runtime/backend';
import { NetworkSession } from '../../src/runtime/network_session';
import { openNodeBackend } from '../../src/runtime/node';
import { Runtime } from '../../src/runtime/runtime';
import { openTestGpu, type TestGpu } from '../gpu';
import { refusal } from '../refusal';
import { denoiserGraph, node, sizes, tinyPrior } from './tiny_prior';

let t: TestGpu;
let runtime: Runtime;
beforeAll(async () => {
  t = await openTestGpu();
  runtime = new Runtime(t.gpu, await openNodeBackend(t.gpu, 'cpu', 2));
});
afterAll(() => runtime.dispose());

const { text } = (await tinyPrior()).manifest;

test('the CPU is chosen beside a software adapter, the device on a GPU, and a wish decides', () => {
  const on = (software: boolean) => ({ ...t.gpu, adapter: { ...t.gpu.adapter, software } });
  expect(chooseBackend(on(true), 'auto')).toBe('cpu');
  expect(chooseBackend(on(false), 'auto')).toBe('webgpu');
  expect(chooseBackend(on(true), 'webgpu')).toBe('webgpu');
  expect(chooseBackend(on(false), 'cpu')).toBe('cpu');
});

describe('a model that does not fit is refused by name', () => {
  const graph = denoiserGraph();
  const last = graph.nodes.at(-1)!;
  const cases: [string, Graph, RegExp][] = [
    [
      'an operator that onnxruntime lacks',
      { ...graph, nodes: [...graph.nodes.slice(0, -1), { ...last, op: 'Denoise' }] },
      /denoiser\.onnx uses the operator 'Denoise', which onnxruntime lacks/,
    ],
    [
      'an operator of an unknown domain',
      {
        ...graph,
        opsets: { ...graph.opsets, 'org.example': 1 },
        nodes: [...graph.nodes.slice(0, -1), { ...last, op: 'Magic', domain: 'org.example' }],
      },
      /uses the operator 'Magic'/,
    ],
    [
      'an input that is missing',
      {
        ...graph,
        inputs: graph.inputs.map((i) => (i.name === 'camera' ? { ...i, name: 'pose' } : i)),
        nodes: graph.nodes.map((n) => ({
          ...n,
          inputs: n.inputs.map((i) => (i === 'camera' ? 'pose' : i)),
        })),
      },
      /denoiser\.onnx has no input 'camera' \(it has 'z', .*'pose'\)/,
    ],
    [
      'an input too many',
      {
        ...graph,
        inputs: [...graph.inputs, { name: 'style', dataType: 'float32', shape: [1] }],
        nodes: [...graph.nodes, node('Mul', ['style', 'style'], 'unused')],
        outputs: [...graph.outputs, { name: 'unused', dataType: 'float32', shape: [1] }],
      },
      /denoiser\.onnx asks for an input 'style' that its manifest does not explain/,
    ],
  ];
  test.each(cases)('%s', async (_, broken, message) => {
    const prior = { ...(await tinyPrior()), denoiser: write(broken) };
    const loading = Denoiser.load(runtime, prior, 2);
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toThrow(LimbeckError);
  });

  test('bytes that are no model', async () => {
    const prior = { ...(await tinyPrior()), denoiser: new Uint8Array(100).fill(7) };
    expect(await refusal(Denoiser.load(runtime, prior, 2))).toMatch(
      /denoiser\.onnx is not a model that onnxruntime can load.* Download or export it again/,
    );
  });

  test.each([
    ['channels', { channels: 3 }],
    ['resolution', { resolution: 8 }],
    ['views', { views: 4 }],
    ['text length', { text: { ...text, max_tokens: 8 } }],
  ])('another manifest: %s', async (_, change) => {
    const prior = await tinyPrior(change);
    await expect(Denoiser.load(runtime, prior, 2)).rejects.toThrow(
      /denoiser\.onnx: input '\w+' has shape \[2,.*\], but the manifest's sizes make it \[2,.*\]: the manifest belongs to another model/,
    );
  });

  test('another text encoder', async () => {
    const prior = await tinyPrior({ text: { ...text, width: sizes.D + 1 } });
    await expect(PromptEncoder.load(runtime, prior)).rejects.toThrow(
      /text_encoder\.onnx: output 'tokens' has shape \[1,6,7\].* \[1,6,8\]/,
    );
  });

  test.each([
    [{ format: 'bpe' }, /tokenizer\.json: format "bpe" is not known/],
    [{ vocabulary: undefined }, /tokenizer\.json: the vocabulary must begin with \[PAD\]/],
    [{ length: undefined }, /tokenizer\.json: length is undefined/],
  ])('a tokenizer with %j', async (change, message) => {
    const prior = await tinyPrior();
    const tokenizer = { ...(prior.tokenizer as object), ...change };
    const loading = PromptEncoder.load(runtime, { ...prior, tokenizer });
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toThrow(LimbeckError);
  });

  test('another tokenizer', async () => {
    const prior = await tinyPrior();
    const tokenizer = { ...(prior.tokenizer as object), length: 7 };
    const before = runtime.loadedNetworks;
    await expect(PromptEncoder.load(runtime, { ...prior, tokenizer })).rejects.toThrow(
      'The tokenizer makes 7 tokens and the manifest says text: max_tokens 6',
    );
    expect(runtime.loadedNetworks).toBe(before);
  });
});

describe('prompts', () => {
  let encoder: PromptEncoder;
  beforeAll(async () => {
    encoder = await PromptEncoder.load(runtime, await tinyPrior());
  });

  test('encode to tokens, a mask and one vector', async () => {
    const { tokens, mask, pooled, truncated, unknownWords } = await encoder.encode('a red cup');
    expect([...mask]).toEqual([1, 1, 1, 1, 1, 0]);
    expect(tokens.length).toBe(sizes.T * sizes.D);
    expect(pooled.length).toBe(sizes.pooled);
    expect(truncated).toBe(false);
    expect(unknownWords).toEqual([]);
    expect((await encoder.encode('a blue cup')).tokens).not.toEqual(tokens);
  });

  test('the empty prompt has the two marks that every prompt has', async () => {
    expect([...(await encoder.encode('')).mask]).toEqual([1, 1, 0, 0, 0, 0]);
  });

  test('no prompt is what the manifest says it is, encoded once', async () => {
    const unconditional = 'blue cup';
    const prior = await tinyPrior({ text: { ...text, unconditional } });
    const other = await PromptEncoder.load(runtime, prior);
    const run = vi.spyOn(NetworkSession.prototype, 'evaluate');
    const found = await other.unconditional();
    expect(await other.unconditional()).toBe(found);
    expect(run).toHaveBeenCalledTimes(1);
    run.mockRestore();
    expect(found).toEqual(await other.encode(unconditional));
    expect(await encoder.unconditional()).toEqual(await encoder.encode(''));
    await other.dispose();
  });

  test('a prompt is tokenised once', async () => {
    const normalise = vi.spyOn(String.prototype, 'normalize');
    await encoder.encode('a red zebra');
    encoder.reading('a red zebra');
    const forms = normalise.mock.calls.map(([form]) => form);
    normalise.mockRestore();
    expect(forms).toEqual(['NFKC', 'NFD', 'NFKC', 'NFD']);
  });

  test('a prompt of just the length fits, a longer one says that it was cut', async () => {
    expect((await encoder.encode('a red blue cup')).truncated).toBe(false);
    expect((await encoder.encode('a red blue cup .')).truncated).toBe(true);
    expect((await encoder.encode('a red blue  cups')).truncated).toBe(true);
  });

  test('unknown words are listed', async () => {
    expect((await encoder.encode('a zebra cup')).unknownWords).toEqual(['zebra']);
  });

  test.each([
    ['a red cup', []],
    ['a zebra cup', ["The model does not know 'zebra': use plain English words."]],
    ['赤い 🏺', ["The model does not know '赤い', '🏺': use plain English words."]],
    [
      'ein kleiner roter Becher mit Henkel vorn',
      [
        'The prompt is longer than the model reads: its end is ignored.',
        "The model does not know 'ein', 'kleiner', 'roter', 'becher', 'mit', 2 more: use plain English words.",
      ],
    ],
    ['cup '.repeat(2500), ['The prompt is longer than the model reads: its end is ignored.']],
  ])('what is lost of %j is said', async (prompt, notes) => {
    expect(promptNotes(await encoder.encode(prompt))).toEqual(notes);
  });
});

describe('a network that is not told the cameras', () => {
  const graph = denoiserGraph();
  /** The tiny denoiser without its cameras. */
  const blind: Graph = {
    ...graph,
    inputs: graph.inputs.filter(({ name }) => name !== 'camera'),
    nodes: graph.nodes
      .filter(({ outputs }) => outputs[0] !== 'camera_embedding')
      .map((n) =>
        n.outputs[0] === 'with_camera' ? node('Identity', ['inner'], 'with_camera') : n,
      ),
  };
  const manifestOf = async () => {
    const { manifest } = await tinyPrior();
    return { ...manifest, camera: { ...manifest.camera, input: false } };
  };

  test('predicts the same from everywhere, and has a fake score', async () => {
    const prior = { ...(await tinyPrior()), manifest: await manifestOf(), denoiser: write(blind) };
    const encoder = await PromptEncoder.load(runtime, prior);
    const denoiser = await Denoiser.load(runtime, prior, 1);
    const fake = (await FakeNetworks.load(runtime, prior)).score(1);
    const floats = sizes.V * sizes.C * sizes.H ** 2;
    const z = Float32Array.from({ length: floats }, (_, i) => Math.sin(i));
    for (const model of [denoiser, fake]) t.gpu.device.queue.writeBuffer(model.z, 0, z);
    denoiser.setText(0, await encoder.unconditional());
    fake.setText(0, await encoder.unconditional());
    const predicted = async (azimuth: number) => {
      const cameras = new Float32Array(16 * sizes.V).fill(azimuth);
      await denoiser.run({ timesteps: [300], cameras });
      await fake.predict({ timesteps: [300], cameras });
      const frozen = await t.readback.floats(denoiser.prediction, floats);
      expect(await t.readback.floats(fake.prediction, floats)).toEqual(frozen);
      return frozen;
    };
    expect(await predicted(0.3)).toEqual(await predicted(0.7));
    fake.dispose();
    await denoiser.dispose();
    await encoder.dispose();
  });

  test('is one whose manifest says so', async () => {
    const prior = { ...(await tinyPrior()), manifest: await manifestOf() };
    await expect(Denoiser.load(runtime, prior, 1)).rejects.toThrow(
      "denoiser.onnx asks for an input 'camera' that its manifest does not explain",
    );
  });
});

test('sampling is deterministic in the seed, in range, and guided by the prompt', async () => {
  const prior = await tinyPrior();
  const encoder = await PromptEncoder.load(runtime, prior);
  const denoisers = [1, 2].map((batch) => Denoiser.load(runtime, prior, batch));
  const asked: number[] = [];
  const sampler = new Sampler(
    runtime,
    (batch) => {
      asked.push(batch);
      return denoisers[batch - 1]!;
    },
    prior.manifest,
  );
  const options = {
    seed: 3,
    steps: 5,
    guidance: 4,
    prompt: await encoder.encode('red chair'),
    unconditional: await encoder.encode(''),
    cameras: new Float32Array(sizes.V * 16).fill(0.2),
  };
  const estimates = async (changes: Partial<SamplingOptions> = {}) => {
    const all: Estimate[] = [];
    for await (const estimate of sampler.sample({ ...options, ...changes })) all.push(estimate);
    return all;
  };
  const drawn = async (changes?: Partial<SamplingOptions>) =>
    (await estimates(changes)).at(-1)!.views;

  const all = await estimates();
  expect(all.map(({ step, steps }) => `${step}/${steps}`)).toEqual(
    [1, 2, 3, 4, 5].map((step) => `${step}/5`),
  );
  expect(all[0]!.views).not.toEqual(all[4]!.views);
  const { views } = all[4]!;
  expect(views.length).toBe(sizes.V * 4 * sizes.H ** 2);
  for (const value of views) {
    expect(value).toBeGreaterThanOrEqual(0);
    expect(value).toBeLessThanOrEqual(1);
  }
  expect(await drawn()).toEqual(views);
  expect(await drawn({ seed: 4 })).not.toEqual(views);
  expect(await drawn({ guidance: 1 })).not.toEqual(views);

  // Guidance 0 asks the unconditional entry alone: the prompt cannot matter.
  const prompt = await encoder.encode('blue cup');
  expect(await drawn({ prompt, guidance: 0 })).toEqual(await drawn({ guidance: 0 }));
  expect(await drawn({ prompt })).not.toEqual(views);

  // Five steps at timesteps 999, 799, 599, 400 and 200: guidance above 500 costs three questions more than none.
  asked.length = 0;
  const above = await drawn({ interval: [500, 999] });
  expect(asked).toEqual([2, 2, 2, 1, 1]);
  expect(above).not.toEqual(views);
  expect(above).not.toEqual(await drawn({ guidance: 1 }));
  expect(await drawn({ interval: [0, 999] })).toEqual(views);
  expect(await drawn({ interval: [1, 0] })).toEqual(await drawn({ guidance: 1 }));
  sampler.dispose();
  for (const denoiser of denoisers) await (await denoiser).dispose();
});
