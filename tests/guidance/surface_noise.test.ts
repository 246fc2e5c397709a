import { beforeAll, expect, test } from 'vitest';
import { Submission } from '../../src/gpu/submission';
import { drawLevels } from '../../src/guidance/noise_level';
import { SurfaceNoise } from '../../src/guidance/surface_noise';
import { NoiseSchedule } from '../../src/prior/noise_schedule';
import { orbitCamera } from '../../src/render/camera';
import { makeSettings, settingsAt } from '../../src/settings';
import { openTestGpu, type TestGpu } from '../gpu';
import { surfaceNoise } from '../reference/surface_noise';

const side = 16;
const channels = 3;
const schedule = new NoiseSchedule(Array.from({ length: 1000 }, (_, i) => 1 - i / 1001));
const settings = makeSettings({ prompt: 'a cube', seed: 6, steps: 100 });
const camera = (azimuth: number) => orbitCamera({ azimuth, elevation: 10, distance: 3, fovy: 40 });

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

/** Noise on a ball of radius 0.9, and on nothing around it, as cameras at these azimuths see it. */
async function seen(azimuths: readonly number[], step: number) {
  const cameras = azimuths.map(camera);
  const pixels = azimuths.length * side * side;
  const depth = Float32Array.from({ length: pixels }, (_, p) => {
    const [x, y] = [p % side, Math.floor((p % (side * side)) / side)];
    const tan = Math.tan((20 * Math.PI) / 180) / side;
    const [right, down] = [(2 * x + 1 - side) * tan, (2 * y + 1 - side) * tan];
    const length = Math.hypot(1, right, down);
    const [middle, closest] = [3 / length, 9 - 9 / length ** 2];
    return closest < 0.81 ? middle - Math.sqrt(0.81 - closest) : 0;
  });
  const now = settingsAt(settings, step);
  const shape = {
    ...{ views: azimuths.length, elements: channels * pixels, pixels },
    ...{ timesteps: 1000, prediction: 'v' as const },
  };
  const source = new SurfaceNoise(t.gpu, shape, t.arena.upload('depth', depth));
  const work = new Submission(t.gpu, 'test');
  const levels = drawLevels(now, schedule, step);
  await source.draw(work, { seed: 6, step, noiseStep: step, cameras, levels, fakeLevels: [], now });
  work.submit();
  const noise = await t.readback.floats(source.epsilon, channels * pixels);
  source.dispose();
  return { noise, depth, cameras };
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

test('each pixel has the noise of the texels that it covers', async () => {
  const { noise, depth, cameras } = await seen([0, 90], 30);
  const expected = surfaceNoise({ cameras, depth, side, channels, seed: 6, sheets: 0.3 });
  // A sample on a border of texels may fall to either side of it in f32.
  const agreeing = expected.filter((value, e) => Math.abs(value - noise[e]!) < 1e-3);
  expect(agreeing.length / expected.length).toBeGreaterThan(0.9);
});

test('it is Gaussian of unit variance, and neighbours hardly know each other', async () => {
  const { noise } = await seen([0, 40, 80, 120, 160, 200, 240, 280], 0);
  const values = [...noise];
  expect(Math.abs(mean(values))).toBeLessThan(0.1);
  expect(mean(values.map((v) => v * v))).toBeGreaterThan(0.9);
  expect(mean(values.map((v) => v * v))).toBeLessThan(1.1);
  const products = values.map((v, e) => v * (values[e + 1] ?? 0));
  expect(Math.abs(mean(products.filter((_, e) => e % side < side - 1)))).toBeLessThan(0.25);
});

test('it turns with the object, and changes with time', async () => {
  const { noise } = await seen([0, 1, 180], 0);
  const view = (n: number) => noise.subarray(n * 3 * side * side, (n + 1) * 3 * side * side);
  const likeness = (a: Float32Array, b: Float32Array) => mean([...a].map((v, e) => v * b[e]!));
  expect(likeness(view(0), view(1))).toBeGreaterThan(0.5);
  expect(Math.abs(likeness(view(0), view(2)))).toBeLessThan(0.15);
  const later = (await seen([0, 1, 180], 99)).noise;
  expect(Math.abs(likeness(noise, later))).toBeLessThan(0.15);
});
