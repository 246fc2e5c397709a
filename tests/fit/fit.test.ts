import { beforeAll, expect, test } from 'vitest';
import { Fit, fitSettings, knownSize } from '../../src/fit/fit';
import { KnownViews, sphereCameras } from '../../src/fit/known_views';
import { fitMetrics } from '../../src/fit/metrics';
import { presetOf } from '../../src/settings';
import { openTestGpu, type TestGpu } from '../gpu';
import { colouredBox } from '../object/shapes';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

const half = [0.7, 0.4, 0.55] as const;
const box = colouredBox(...half);
const settings = fitSettings(presetOf('tiny'), {
  prompt: 'a box',
  seed: 3,
  steps: 120,
  field: { levels: 6, log2TableSize: 14, maxResolution: 48 },
});

test('a coloured box is fitted, in views and as a mesh', { timeout: 240_000 }, async () => {
  const fit = new Fit(t.gpu, KnownViews.ofObject(t.gpu, box, 48), settings);
  const losses: number[] = [];
  while (!fit.finished) losses.push((await fit.takeStep()).loss);
  const mesh = await fit.mesh();
  const { psnr, silhouetteOverlap, colourDifference } = await fitMetrics(fit, box, mesh, {
    views: { count: 4, size: 48 },
  });
  expect(losses[0]).toBeGreaterThan(0.05);
  expect(losses.at(-1)).toBeLessThan(0.015);
  expect(psnr.mean).toBeGreaterThan(19);
  expect(psnr.worst).toBeLessThanOrEqual(psnr.mean);
  expect(silhouetteOverlap.mean).toBeGreaterThan(0.88);
  expect(colourDifference).toBeLessThan(25);
  fit.dispose();
});

test('sides of one colour have fewer pits where the nearest surface is preferred', {
  timeout: 240_000,
}, async () => {
  const pits = async (nearness: number) => {
    const loss = { ...settings.loss, nearness };
    const fit = new Fit(t.gpu, KnownViews.ofObject(t.gpu, box, 48), { ...settings, loss });
    while (!fit.finished) await fit.takeStep();
    const { positions } = await fit.mesh();
    fit.dispose();
    const depths = Array.from({ length: positions.length / 3 }, (_, vertex) =>
      Math.min(...half.map((side, axis) => side - Math.abs(positions[3 * vertex + axis]!))),
    );
    return depths.filter((depth) => depth > 0.05).length / depths.length;
  };
  expect(await pits(0.01)).toBeLessThan(0.6 * (await pits(0)));
});

test('the same seed takes the same steps, another seed others', async () => {
  const losses = async (seed: number) => {
    const fit = new Fit(t.gpu, KnownViews.ofObject(t.gpu, box, 32), { ...settings, seed });
    const list = [await fit.takeStep(), await fit.takeStep(), await fit.takeStep()];
    fit.dispose();
    return list;
  };
  const first = await losses(3);
  expect(await losses(3)).toEqual(first);
  expect(await losses(4)).not.toEqual(first);
});

test('sums of gradients that overflow are counted', async () => {
  const fit = new Fit(t.gpu, KnownViews.ofObject(t.gpu, box, 32), settings);
  await fit.takeStep();
  expect(fit.saturations).toBe(0);
  const [{ gradient }] = fit.generator.field.parameters;
  t.gpu.device.queue.writeBuffer(gradient, 0, Int32Array.of(2 ** 31 - 1));
  for (let step = 0; step < 2; step++) await fit.takeStep();
  expect(fit.saturations).toBe(1);
  fit.dispose();
});

test('rays become more as the settings say, through one occupancy grid, and steps repeat', async () => {
  const render = { ...settings.render, size: [0.5, 128, 256, 0.5] as const };
  const losses = async () => {
    const fit = new Fit(t.gpu, KnownViews.ofObject(t.gpu, box, 32), {
      ...settings,
      steps: 4,
      render,
    });
    const list: number[] = [];
    while (!fit.finished) list.push((await fit.takeStep()).loss);
    const views = await fit.views(sphereCameras(1), 16);
    fit.dispose();
    return { list, views };
  };
  const first = await losses();
  expect(await losses()).toEqual(first);
  expect(first.list.every(Number.isFinite)).toBe(true);
  expect(knownSize(fitSettings(presetOf('high'), { prompt: 'a box' }))).toBe(512);
  expect(knownSize(settings)).toBe(128);
});
