import { beforeAll, expect, test } from 'vitest';
import type { FrozenScore } from '../../src/guidance/queries';
import { pixelSpace } from '../../src/prior/space/spaces';
import { mostRaysPerPixel } from '../../src/render/supersampling';
import { makeSettings, presetOf } from '../../src/settings';
import { Trainer } from '../../src/train/trainer';
import { openTestGpu, type TestGpu } from '../gpu';
import { draws } from '../points';
import { fieldGenerator, manifestOf } from './parts';

const resolution = 8;
const elements = 4 * 4 * resolution ** 2;
const manifest = manifestOf(resolution);

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
  const generator = fieldGenerator(t.gpu, settings, resolution, { tilePoints: 2 ** 14 });
  const denoiser: FrozenScore = {
    batch: 2,
    z: t.arena.allocate('z', 2 * elements),
    prediction: t.arena.upload('prediction', draws(2 * elements, 3)),
    setText() {},
    async run() {},
  };
  const texts = () => ({}) as never;
  const space = pixelSpace(t.gpu, manifest, generator);
  const trainer = new Trainer({
    gpu: t.gpu,
    manifest,
    settings,
    generator,
    space,
    denoiser,
    texts,
  });
  for (let step = 0; step < settings.steps; step++) await trainer.takeStep();
  const { table, mlp } = await generator.field.snapshot(t.readback);
  const found = {
    table,
    mlp,
    views: await t.readback.floats(generator.views),
    capacity: generator.renderer.capacity,
  };
  trainer.dispose();
  generator.dispose();
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
