import { beforeAll, describe, expect, test, vi } from 'vitest';
import { NonFiniteGradientError } from '../../src/generator/generator';
import { noiseStepOf } from '../../src/guidance/noise_level';
import type { FrozenScore, TrainedScore } from '../../src/guidance/queries';
import { pixelSpace } from '../../src/prior/space/spaces';
import { normal, streams } from '../../src/random';
import { type MethodId, makeSettings, presetOf, settingsAt } from '../../src/settings';
import { Trainer } from '../../src/train/trainer';
import { openTestGpu, type TestGpu } from '../gpu';
import { refusal } from '../refusal';
import { fieldGenerator, manifestOf } from './parts';

const size = 8;
const elements = 4 * 4 * size * size;
const manifest = manifestOf(size);
const texts = () => ({}) as never;

/** What a denoiser was asked in one step. */
interface Asked {
  readonly timesteps: readonly number[];
  readonly cameras: Float32Array;
  readonly epsilon: Float32Array;
  readonly z: Float32Array;
}

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

/** A run whose denoisers predict `prediction(step)` everywhere and write down what they were asked. */
function makeRun(method: MethodId, prediction: (step: number) => number) {
  const settings = makeSettings(presetOf('tiny'), {
    prompt: 'a cube',
    method,
    seed: 3,
    field: { levels: 2, log2TableSize: 8 },
    render: { samplesPerRay: 16, occupancyResolution: 8 },
    guidance: { settle: 0.1 },
  });
  const generator = fieldGenerator(t.gpu, settings, size);
  const { field } = generator;
  const asked: Asked[] = [];
  const buffer = (name: string, words: number) => t.arena.allocate(name, words);
  const denoiser: FrozenScore = {
    batch: 2,
    z: buffer('z', 2 * elements),
    prediction: buffer('prediction', 2 * elements),
    setText() {},
    async run({ timesteps, cameras }) {
      const z = await t.readback.floats(this.z, elements);
      const views = await t.readback.floats(generator.views, elements);
      const alphaBar = manifest.alpha_bar[timesteps[0]!]!;
      const epsilon = z.map(
        (value, e) => (value - Math.sqrt(alphaBar) * (2 * views[e]! - 1)) / Math.sqrt(1 - alphaBar),
      );
      const value = prediction(asked.length);
      asked.push({ timesteps, cameras, epsilon, z });
      t.gpu.device.queue.writeBuffer(
        this.prediction,
        0,
        new Float32Array(2 * elements).map((_, e) => (e < elements ? value : 0)),
      );
    },
  };
  const fake: TrainedScore = {
    z: buffer('fake z', elements),
    learned: buffer('fake learned', elements),
    prediction: buffer('fake prediction', elements),
    target: buffer('fake target', elements),
    setText() {},
    async predict() {},
    async train() {
      return { loss: 0, gradientNorm: 0 };
    },
  };
  const trainer = new Trainer({
    gpu: t.gpu,
    manifest,
    settings,
    generator,
    space: pixelSpace(t.gpu, manifest, generator),
    denoiser,
    ...(method === 'vsd' ? { fake } : {}),
    texts,
  });
  return { trainer, settings, field, asked, fake };
}

describe('SDS and VSD of one seed', () => {
  test('use the same camera, timestep and noise at every step', async () => {
    const sds = makeRun('sds', () => 0.1);
    const vsd = makeRun('vsd', () => 0.1);
    for (let step = 0; step < 10; step++) {
      await sds.trainer.takeStep();
      await vsd.trainer.takeStep();
      const [a, b] = [sds.asked[step]!, vsd.asked[step]!];
      expect(b.timesteps).toEqual(a.timesteps);
      expect(b.cameras).toEqual(a.cameras);
      for (let e = 0; e < elements; e += 7) {
        const drawn = normal(
          3,
          streams.noise,
          noiseStepOf(settingsAt(sds.settings, step), step),
          e,
        );
        // z is f32 and ε is recovered by dividing by σ, which is small at low τ.
        const tolerance = 2e-5 / Math.sqrt(1 - manifest.alpha_bar[a.timesteps[0]!]!);
        expect(Math.abs(a.epsilon[e]! - drawn)).toBeLessThan(tolerance);
        expect(Math.abs(b.epsilon[e]! - drawn)).toBeLessThan(tolerance);
      }
    }
    const after = await Promise.all([sds, vsd].map(({ field }) => field.snapshot(t.readback)));
    expect(after[0]!.table).not.toEqual(after[1]!.table);
  });

  test('VSD asks the fake score about the very z that the frozen one saw', async () => {
    const { trainer, fake, asked } = makeRun('vsd', () => 0.1);
    await trainer.takeStep();
    expect(asked).toHaveLength(1);
    const [z, seen] = [await t.readback.floats(fake.z, elements), asked[0]!.z];
    expect(z).toEqual(seen);
    // What it is taught is other noise, whose target has unit scale.
    const target = await t.readback.floats(fake.target, elements);
    const power = target.reduce((sum, v) => sum + v * v, 0) / elements;
    expect(power).toBeGreaterThan(0.5);
    expect(power).toBeLessThan(1.5);
  });
});

test('a NaN in the gradient stops the run and leaves the field as it was', async () => {
  const { trainer, field } = makeRun('sds', (step) => (step === 3 ? Number.NaN : 0.1));
  for (let step = 0; step < 3; step++) await trainer.takeStep();
  const before = await field.snapshot(t.readback);
  await expect(trainer.takeStep()).rejects.toThrow(NonFiniteGradientError);
  expect(trainer.step).toBe(3);
  expect(await field.snapshot(t.readback)).toEqual(before);
});

test('a fake score that learns what is not a number ends the run', async () => {
  const { trainer, fake } = makeRun('vsd', () => 0.1);
  await trainer.takeStep();
  vi.spyOn(fake, 'train').mockResolvedValue({ loss: Number.NaN, gradientNorm: 0 });
  expect(await refusal(trainer.takeStep())).toMatch(
    /fake score is not finite at step 1.*lower learning rate \(--fake.learningRate\)/,
  );
});

test('a sum of gradients that overflows is reported by its step, and by no other', async () => {
  const { trainer, field } = makeRun('sds', () => 0.1);
  expect((await trainer.takeStep()).saturations).toBe(0);
  const [{ gradient }] = field.parameters;
  // What overflows further wraps around, and is out of range still.
  t.gpu.device.queue.writeBuffer(gradient, 4 * 20, Int32Array.of(2 ** 31 - 1, -(2 ** 31)));
  expect((await trainer.takeStep()).saturations).toBe(2);
  expect((await trainer.takeStep()).saturations).toBe(0);
});

test("the gradient under other noise is that noise's own, and looking changes no byte", async () => {
  const [watched, alone] = [makeRun('sds', () => 0.1), makeRun('sds', () => 0.1)];
  for (let step = 0; step < 10; step++) {
    const gradients = [
      await watched.trainer.gradientUnder(0),
      await watched.trainer.gradientUnder(1),
      await watched.trainer.gradientUnder(0),
    ];
    expect(gradients[0]).toHaveLength(elements);
    expect(gradients[2]).toEqual(gradients[0]);
    expect(gradients[1]).not.toEqual(gradients[0]);
    await watched.trainer.takeStep();
    await alone.trainer.takeStep();
  }
  expect(await watched.field.snapshot(t.readback)).toEqual(await alone.field.snapshot(t.readback));
});
