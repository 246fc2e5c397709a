import { beforeAll, expect, test } from 'vitest';
import { Field } from '../../src/field/field';
import { Adam } from '../../src/optim/adam';
import type { Manifest } from '../../src/prior/manifest';
import { Renderer } from '../../src/render/renderer';
import { mostRaysPerPixel } from '../../src/render/supersampling';
import { makeSettings, presetOf } from '../../src/settings';
import { type FrozenScore, Trainer } from '../../src/train/trainer';
import { openTestGpu, type TestGpu } from '../gpu';
import { draws } from '../points';

const resolution = 8;
const elements = 4 * 4 * resolution ** 2;
const manifest = {
  views: 4,
  channels: 4,
  resolution,
  prediction: 'v',
  alpha_bar: Array.from({ length: 1000 }, (_, i) => 0.9999 * Math.cos((i / 1000) * 1.55) ** 2),
  camera: { azimuth_offsets: [0, 90, 180, 270], elevation: [-10, 40], fovy: 40, distance: 3.07 },
} as unknown as Manifest;

/** The preset's own field; views of 16, 32, then 64 pixels, few samples along each ray. */
const settings = makeSettings(presetOf('high'), {
  prompt: 'a cube',
  seed: 5,
  steps: 3,
  render: { samplesPerRay: 8, occupancyResolution: 8, size: [0, 16, 64, 0.6] },
});

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

async function run() {
  const { activeLevels: _, ...options } = settings.field;
  const field = new Field(t.gpu, options, settings.seed);
  const renderer = new Renderer(t.gpu, field, {
    views: 4,
    width: resolution,
    height: resolution,
    samplesPerRay: settings.render.samplesPerRay,
    occupancyResolution: settings.render.occupancyResolution,
    raysPerPixel: mostRaysPerPixel(settings, resolution),
    tilePoints: 2 ** 14,
  });
  const optimiser = new Adam(t.gpu, field.parameters);
  const denoiser: FrozenScore = {
    batch: 2,
    z: t.arena.allocate('z', 2 * elements),
    prediction: t.arena.upload('prediction', draws(2 * elements, 3)),
    setText() {},
    async run() {},
  };
  const conditioning = {} as never;
  const parts = { gpu: t.gpu, manifest, settings, field, renderer, optimiser, denoiser };
  const trainer = new Trainer({ ...parts, prompt: conditioning, empty: conditioning });
  for (let step = 0; step < settings.steps; step++) await trainer.takeStep();
  const { table, mlp } = await field.snapshot(t.readback);
  const found = {
    table: table!,
    mlp: mlp!,
    views: await t.readback.floats(renderer.views),
    capacity: renderer.capacity,
  };
  for (const part of [trainer, optimiser, renderer, field]) part.dispose();
  return found;
}

test('steps of the preset high repeat bit for bit, in tiles', { timeout: 240_000 }, async () => {
  const first = await run();
  const rays = 4 * resolution ** 2 * mostRaysPerPixel(settings, resolution);
  expect(first.capacity).toBeLessThan((rays * settings.render.samplesPerRay) / 4);
  expect(Math.max(...first.views)).toBeGreaterThan(0.01);
  const again = await run();
  for (const part of ['table', 'mlp', 'views'] as const) {
    expect(Buffer.compare(Buffer.from(again[part].buffer), Buffer.from(first[part].buffer))).toBe(
      0,
    );
  }
});
