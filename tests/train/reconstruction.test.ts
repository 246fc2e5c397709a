import { beforeAll, describe, expect, test } from 'vitest';
import { ofCertainViews } from '../../src/fit/certain_views';
import { FieldGenerator } from '../../src/generator/field';
import { PixelGenerator } from '../../src/generator/pixels';
import type { Denoiser } from '../../src/prior/denoiser';
import { Sampler } from '../../src/prior/sampler';
import type { WatchedStep } from '../../src/protocol/reports';
import { ringCameras } from '../../src/render/camera';
import { makeSettings, type PartialSettings, presetOf } from '../../src/settings';
import { fittedShape, Reconstruction } from '../../src/train/reconstruction';
import { Run } from '../../src/train/run';
import { openTestGpu, type TestGpu } from '../gpu';
import { manifestOf } from './parts';

const size = 8;
const plane = size * size;
const elements = 4 * 4 * plane;
const manifest = manifestOf(size, {
  guidance: { scale: 4, interval: [450, 999] },
  files: { denoiser: { path: '', bytes: 1, sha256: 'a' } } as never,
});

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

/** What the prior draws, in [-1, 1]: a red disc seen from everywhere, which a red ball explains. */
const drawn = Float32Array.from({ length: elements }, (_, i) => {
  const [channel, pixel] = [Math.floor(i / plane) % 4, i % plane];
  const [x, y] = [(pixel % size) - 3.5, Math.floor(pixel / size) - 3.5];
  const isInside = Math.hypot(x, y) < 2.2;
  return isInside && (channel === 0 || channel === 3) ? 1 : -1;
});

/** A denoiser that is sure of `drawn` with the prompt and of nothing but black without: v = (α z − x) / σ. */
function denoiserOf(batch: number, asked: number[]): Denoiser {
  const z = t.arena.allocate('z', batch * elements);
  const prediction = t.arena.allocate('prediction', batch * elements);
  return {
    batch,
    z,
    prediction,
    setText() {},
    async run({ timesteps }: { readonly timesteps: readonly number[] }) {
      const alphaBar = manifest.alpha_bar[timesteps[0]!]!;
      const noised = await t.readback.floats(z, batch * elements);
      asked.push(batch);
      t.gpu.device.queue.writeBuffer(
        prediction,
        0,
        noised.map((value, i) => {
          const clean = i < elements ? drawn[i]! : 0.9 * drawn[i - elements]!;
          return (Math.sqrt(alphaBar) * value - clean) / Math.sqrt(1 - alphaBar);
        }),
      );
    },
  } as unknown as Denoiser;
}

function makeRun(changes: PartialSettings = {}) {
  const settings = makeSettings(presetOf('tiny'), {
    prompt: 'a ball',
    method: 'sir',
    seed: 3,
    steps: 60,
    field: { levels: 3, log2TableSize: 10, maxResolution: 16 },
    render: { samplesPerRay: 24, occupancyResolution: 8 },
    reconstruction: { rounds: 3, firstEvaluations: 5, evaluations: 3, inversion: 1, groups: 2 },
    ...changes,
  });
  const asked: number[] = [];
  const generator =
    settings.generator === 'pixels'
      ? new PixelGenerator(t.gpu, { views: 4, resolution: size, seed: 3 })
      : new FieldGenerator(t.gpu, {
          settings,
          ...fittedShape(settings, manifest),
          ...ofCertainViews,
          viewSize: size,
          around: (count) => ringCameras(count, { elevation: 15, distance: 3.07, fovy: 40 }),
          silhouettes: { count: 2, size: 16 },
        });
  const denoisers = [1, 2].map((batch) => denoiserOf(batch, asked));
  const sampler = new Sampler({ gpu: t.gpu }, async (batch) => denoisers[batch - 1]!, manifest);
  const parts = { settings, manifest, generator };
  const texts = () => ({}) as never;
  const trainer = new Reconstruction({ ...parts, gpu: t.gpu, sampler, texts });
  return { run: new Run({ ...parts, trainer }), asked, generator };
}

async function stepTo({ run }: ReturnType<typeof makeRun>, step: number): Promise<Uint8Array> {
  while (run.step < step) await run.takeStep();
  return run.checkpoint();
}

test('an object of what the prior draws comes out, of its colour, and counts its calls', async () => {
  const made = makeRun();
  const reports = [];
  while (!made.run.finished) reports.push(await made.run.takeStep());
  expect(reports.map(({ step }) => step)).toEqual(Array.from({ length: 60 }, (_, i) => i));
  const calls = reports.reduce((sum, report) => sum + report.calls, 0);
  expect(calls).toBe(made.asked.reduce((sum, batch) => sum + batch, 0));
  // Up from τ² nothing is guided, nor below timestep 450.
  for (const report of reports) {
    if (report.act === 'draw')
      expect(report.calls).toBeLessThanOrEqual(report.timestep < 450 ? 1 : 2);
  }
  const errors = reports.flatMap((report) => (report.act === 'fit' ? [report.loss] : []));
  expect(errors.at(-1)!).toBeLessThan(0.3 * errors[0]!);
  const cameras = ringCameras(3, { elevation: 5, distance: 3.07, fovy: 40 });
  const views = await made.generator.still({ cameras, size: 9 });
  for (let view = 0; view < 3; view++) {
    const [red, green, blue, alpha] = [0, 1, 2, 3].map((c) => views[(4 * view + c) * 81 + 40]!);
    expect(alpha).toBeGreaterThan(0.5);
    expect(red! / alpha!).toBeGreaterThan(0.8);
    expect(Math.max(green!, blue!) / alpha!).toBeLessThan(0.4);
    expect(views[(4 * view + 3) * 81]).toBeLessThan(0.4);
  }
  made.run.dispose();
});

/** 24 steps: three evaluations, four fits; up once and down twice, fits, and so again; the last fits. */
const short = { rounds: 2, firstEvaluations: 3, evaluations: 2, inversion: 1, groups: 2 };

describe.each(['field', 'pixels'] as const)('of a %s', (generator) => {
  test('a run that is stopped anywhere goes on to the same bytes', async () => {
    const made = () => makeRun({ generator, steps: 24, reconstruction: short });
    const [first, resumed] = [made(), made()];
    // In the first drawing, between fits, on the way up and on the way down.
    const stops = [2, 5, 8, 9];
    const saved: Uint8Array[] = [];
    for (const stop of stops) saved.push(await stepTo(first, stop));
    const end = await stepTo(first, 24);
    for (const [i, stop] of stops.entries()) {
      resumed.run.restore(saved[i]!);
      expect(resumed.run.step).toBe(stop);
      expect(Buffer.compare(await stepTo(resumed, 24), end)).toBe(0);
    }
    for (const { run } of [first, resumed]) run.dispose();
  });
});

test('a finished run goes on for more steps from its checkpoint', async () => {
  const made = (steps: number) => makeRun({ steps, reconstruction: short });
  const [first, longer] = [made(12), made(24)];
  longer.run.restore(await stepTo(first, 12));
  await stepTo(longer, 24);
  expect(longer.run.finished).toBe(true);
  for (const { run } of [first, longer]) run.dispose();
});

test('watching shows what a step saw and changes no byte', async () => {
  const made = () => makeRun({ steps: 24, reconstruction: short });
  const [watched, alone] = [made(), made()];
  const seen: WatchedStep[] = [];
  while (watched.run.step < 5) await watched.run.takeStep((step) => seen.push(step));
  expect(Buffer.compare(await stepTo(alone, 5), await watched.run.checkpoint())).toBe(0);
  expect(seen.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4]);
  expect(seen[0]!.rows.map(({ id }) => id)).toEqual([
    'noised',
    'clean-prompt',
    'clean-negative',
    'clean-guided',
  ]);
  expect(seen.at(-1)!.rows.map(({ id }) => id)).toEqual(['views', 'gradient']);
  for (const { run } of [watched, alone]) run.dispose();
});
