/**
 * A tiny Stable Diffusion of diffusers and transformers, exported as people do: distilled here, and what each step saw
 * and did compared with PyTorch's. `npm run test:onnx` makes it; without it there is nothing to compare.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PixelGenerator } from '../../src/generator/pixels';
import type { Snapshot } from '../../src/gpu/snapshot';
import { noiseStepOf } from '../../src/guidance/noise_level';
import {
  batchOf,
  type FrozenScore,
  questionsOf,
  type TrainedScore,
} from '../../src/guidance/queries';
import { textsOf } from '../../src/guidance/texts';
import { Denoiser } from '../../src/prior/denoiser';
import { FakeNetworks, type FakeScore } from '../../src/prior/fake_score';
import { LocalFiles, type Prior } from '../../src/prior/files';
import { openPrior } from '../../src/prior/layouts';
import { NoiseSchedule } from '../../src/prior/noise_schedule';
import { Spaces } from '../../src/prior/space/spaces';
import { type Conditioning, PromptEncoder } from '../../src/prior/text_encoder';
import { tokenizerOf } from '../../src/prior/tokenizers';
import { normal, streams, uniform } from '../../src/random';
import { openNodeBackend } from '../../src/runtime/node';
import { Runtime } from '../../src/runtime/runtime';
import { makeSettings, presetOf, settingsAt } from '../../src/settings';
import { writeCheckpoint } from '../../src/train/checkpoint';
import { Engine } from '../../src/train/engine';
import { Trainer } from '../../src/train/trainer';
import { openTestGpu, type TestGpu } from '../gpu';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, '.cache/graphs/pipeline');
const files = new LocalFiles(folder, readFile);
const STEPS = 20;
const prompt = 'a photo of a red wooden chair';

const settingsOf = (method: 'sds' | 'vsd') =>
  makeSettings(presetOf('tiny'), {
    ...{ prompt, method, seed: 7, steps: STEPS, generator: 'pixels' },
    guidance: { rescale: 0, scale: 7.5, minTimestep: 0.02, maxTimestep: 0.98 },
    fake: { updates: 1, learningRate: 0.01 },
  });

/** Vectors with their shapes, for PyTorch. */
class Recording {
  readonly tensors: Record<string, Float32Array<ArrayBuffer>> = {};
  readonly shapes: Record<string, readonly number[]> = {};

  add(name: string, data: Float32Array, shape: readonly number[]): void {
    this.tensors[name] = Float32Array.from(data);
    this.shapes[name] = shape;
  }
}

describe.skipIf(!existsSync(join(folder, 'torch.pt')))(
  'a tiny Stable Diffusion',
  {
    timeout: 600_000,
  },
  () => {
    let t: TestGpu;
    let runtime: Runtime;
    let prior: Prior;
    let encoder: PromptEncoder;
    beforeAll(async () => {
      t = await openTestGpu();
      runtime = new Runtime(t.gpu, await openNodeBackend(t.gpu, 'cpu', 1));
      prior = await openPrior(files);
      encoder = await PromptEncoder.load(runtime, prior);
    });
    afterAll(() => runtime?.dispose());

    /** A run's steps with all that PyTorch needs to take them again. */
    async function record(method: 'sds' | 'vsd', recording: Recording) {
      const { manifest } = prior;
      const { resolution } = manifest;
      const { channels, side } = manifest.latent!;
      const settings = settingsOf(method);
      const { seed } = settings;
      const questions = questionsOf(settings.guidance);
      const generator = new PixelGenerator(t.gpu, { views: 1, resolution, seed });
      const spaces = new Spaces(runtime, prior);
      const space = (await spaces.maker())(generator);
      const denoiser = await Denoiser.load(runtime, prior, batchOf(questions, 'frozen').length);
      const networks = method === 'vsd' ? await FakeNetworks.load(runtime, prior) : undefined;
      const score = networks?.score(seed);
      const told: Conditioning[] = [];
      const frozen: FrozenScore = {
        ...{ batch: denoiser.batch, z: denoiser.z, prediction: denoiser.prediction },
        setText: (slot, text) => {
          told[slot] = text;
          denoiser.setText(slot, text);
        },
        run: (view) => denoiser.run(view),
      };
      const latent = [1, channels, side, side];
      const updates: Record<string, unknown>[] = [];
      let step = 0;
      const { text } = manifest;
      const fake = score && recorded(score);

      /** The fake score, whose updates are noted. */
      function recorded(inner: FakeScore): TrainedScore {
        const note = async (prefix: string, names: readonly string[]) => {
          const found = (await inner.snapshot()) as Snapshot;
          for (const name of names) {
            const data = found[name] as Float32Array;
            recording.add(`step${step}/${prefix}${name}`, data, [data.length]);
          }
        };
        return {
          ...{ z: inner.z, prediction: inner.prediction },
          ...{ learned: inner.learned, target: inner.target },
          setText: (slot, words) => inner.setText(slot, words),
          async predict(view) {
            await note('', ['lora']);
            await inner.predict(view);
          },
          async train(training) {
            const prefix = `update${updates.length}/`;
            const values = channels * side ** 2;
            await note(prefix, ['lora', 'm', 'v']);
            const at = `step${step}/${prefix}`;
            recording.add(`${at}z`, await t.readback.floats(inner.learned, values), latent);
            recording.add(`${at}target`, await t.readback.floats(inner.target, values), latent);
            recording.add(`${at}text`, training.text.tokens, [text.max_tokens, text.width]);
            const report = await inner.train(training);
            await note(`${prefix}next/`, ['lora', 'm', 'v']);
            const { timestep, learningRate: rate } = training;
            updates.push({ timestep, rate, loss: report.loss, step: step + 1 });
            return report;
          },
        };
      }

      const texts = await textsOf(encoder, manifest, settings);
      const parts = { gpu: t.gpu, manifest, settings, generator, space, texts };
      const trainer = new Trainer({ ...parts, denoiser: frozen, ...(fake && { fake }) });
      const schedule = new NoiseSchedule(manifest.alpha_bar);
      const steps = [];
      for (; step < STEPS; step++) {
        updates.length = 0;
        const { timesteps } = await trainer.takeStep();
        const noiseStep = noiseStepOf(settingsAt(settings, step), step);
        const level = schedule.level(timesteps.dm);
        const add = (name: string, data: Float32Array, shape: readonly number[]) =>
          recording.add(`step${step}/${name}`, data, shape);
        const pixels = [1, 4, resolution, resolution];
        add('views', await t.readback.floats(generator.views, 4 * resolution ** 2), pixels);
        const gradients = await t.readback.floats(generator.viewGradients, 4 * resolution ** 2);
        add('view_gradients', gradients, pixels);
        add(
          'background',
          Float32Array.from([0, 1, 2], (c) => uniform(seed, streams.background, noiseStep, c)),
          [3],
        );
        const values = channels * side ** 2;
        add('z', await t.readback.floats(denoiser.z, values), latent);
        add(
          'epsilon',
          Float32Array.from({ length: values }, (_, i) =>
            normal(seed, streams.noise, noiseStep, i),
          ),
          latent,
        );
        for (const [slot, query] of batchOf(questions, 'frozen').entries()) {
          const name = query.text === 'prompt' ? 'text' : 'empty';
          add(name, told[slot]!.tokens, [text.max_tokens, text.width]);
        }
        const layout = networks && layoutOf(networks);
        const weight = level.sigma ** 2;
        steps.push({ ...level, scale: 7.5, weight, layout, updates: [...updates] });
      }
      trainer.dispose();
      generator.dispose();
      await denoiser.dispose();
      await networks?.dispose();
      await spaces.dispose();
      score?.dispose();
      return steps;
    }

    /** Where each layer's factors lie, by PyTorch's names: the older exporter puts them into those of the nodes. */
    function layoutOf({ lora }: FakeNetworks) {
      if (prior.denoiser instanceof Uint8Array)
        throw new Error('This denoiser has names of its own.');
      const { nodes } = prior.denoiser.graph;
      return lora.layout.map(({ name, offset, shape }) => {
        const [, weight, factor] = /^(.*)\.([AB])$/.exec(name)!;
        const node = nodes.find(({ inputs }) => inputs[1] === weight)!;
        const layer = node.name.replace(/^\/inner\//, '').replace(/\/MatMul$/, '');
        return [
          layer.replaceAll('/', '.').replace(/\.to_out\.to_out\.0$/, '.to_out.0'),
          factor,
          offset,
          shape,
        ];
      });
    }

    test.each(['sds', 'vsd'] as const)(
      `%s: ${STEPS} steps as PyTorch takes them`,
      async (method) => {
        const recording = new Recording();
        const steps = await record(method, recording);
        const prompts = [prompt, '', 'A RED   chair, front view!', 'xyzzy ß 42', 'a '.repeat(40)];
        const ids = prompts.map((words) => [...tokenizerOf(prior.tokenizer).tokenize(words).ids]);
        const { max_tokens, width } = prior.manifest.text;
        for (const words of prompts) {
          const { tokens } = await encoder.encode(words);
          recording.add(`text/${words}`, tokens, [max_tokens, width]);
        }
        const info = { steps, prompts, picture: 32, shapes: recording.shapes };
        const result = askPyTorch(
          writeCheckpoint(recording.tensors, { info: JSON.stringify(info) }),
        );
        expect(result.ids).toEqual(ids);
        for (const { relative } of result.texts) expect(relative).toBeLessThan(1e-4);
        const worst: Record<string, number> = {};
        for (const step of result.steps) {
          for (const [name, { cosine }] of Object.entries(step)) {
            worst[name] = Math.min(worst[name] ?? 1, cosine);
          }
        }
        console.log(`${method}, least cosines:`, worst);
        expect(result.steps.length).toBe(STEPS);
        for (const [name, cosine] of Object.entries(worst))
          expect(cosine, name).toBeGreaterThan(0.9999);
      },
    );

    test.each(['sds', 'vsd'] as const)('%s of a field: twice the same bytes', async (method) => {
      const backend = await openNodeBackend(t.gpu, 'cpu', 1);
      const engine = await Engine.open({ gpu: t.gpu, backend, files });
      const settings = makeSettings(settingsOf(method), { generator: 'field' });
      const ends: Uint8Array[] = [];
      for (let time = 0; time < 2; time++) {
        const run = await engine.createRun(settings);
        while (run.step < STEPS) await run.takeStep();
        ends.push(await run.checkpoint());
        run.dispose();
      }
      expect(Buffer.compare(ends[0]!, ends[1]!)).toBe(0);
      await engine.dispose();
    });
  },
);

type Agreement = { readonly cosine: number; readonly relative: number };

interface Answer {
  readonly steps: readonly Readonly<Record<string, Agreement>>[];
  readonly ids: readonly (readonly number[])[];
  readonly texts: readonly Agreement[];
}

/** What PyTorch says of a record. */
function askPyTorch(record: Uint8Array): Answer {
  const place = mkdtempSync(join(tmpdir(), 'pipeline-'));
  try {
    const file = join(place, 'record.safetensors');
    writeFileSync(file, record);
    const python = join(root, '.cache/python/bin/python');
    const output = execFileSync(python, ['-m', 'training', 'check_pipeline', folder, file], {
      cwd: join(root, 'models'),
      env: {
        ...process.env,
        PYTHONPATH: join(root, '.cache/graphs/packages'),
        OMP_NUM_THREADS: '1',
      },
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    return JSON.parse(output.trim().split('\n').at(-1)!);
  } finally {
    rmSync(place, { recursive: true });
  }
}
