import { beforeAll, expect, test } from 'vitest';
import { Submission } from '../../src/gpu/submission';
import { ddimDeviation, InvertedNoise, inversionLevels } from '../../src/guidance/inversion';
import { drawLevels } from '../../src/guidance/noise_level';
import type { FrozenScore, QueryDraw } from '../../src/guidance/queries';
import { NoiseSchedule } from '../../src/prior/noise_schedule';
import { normal, streams, uniform } from '../../src/random';
import { makeSettings, settingsAt } from '../../src/settings';
import { openTestGpu, type TestGpu } from '../gpu';

const schedule = new NoiseSchedule(
  Array.from({ length: 1000 }, (_, i) => Math.cos(((i + 8) / 1008) * 1.55) ** 2),
);
const elements = 2 * 4 * 9;
const views = Float32Array.from({ length: elements }, (_, e) => uniform(3, 90, 0, e));

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

test('an inversion climbs from the clean views past τ, by as much as was drawn', () => {
  const steps = (timestep: number, overshoot: number) =>
    inversionLevels(schedule, timestep, 10, overshoot).map((level) => level.timestep);
  expect(steps(350, 0.5)).toEqual([0, 100, 200, 300, 400]);
  expect(steps(350, 0)).toEqual([0, 100, 200, 300, 350]);
  expect(steps(40, 0.9)).toEqual([0, 130]);
  expect(steps(990, 0.9).at(-1)).toBe(999);
  expect(inversionLevels(schedule, 350, 10, 0)[0]).toMatchObject({ alpha: 1, sigma: 0 });
});

/** A model whose data are Gaussian of deviation s around m: its prediction of v is known, cleaner with text. */
const [deviation, mean] = [0.5, { prompt: 0.3, empty: -0.1 }];
function exactVelocity(z: number, { alpha, sigma }: { alpha: number; sigma: number }, m: number) {
  const variance = alpha ** 2 * deviation ** 2 + sigma ** 2;
  const epsilon = (sigma * (z - alpha * m)) / variance;
  const clean = (z - sigma * epsilon) / alpha;
  return alpha * epsilon - sigma * clean;
}

test.each([
  ['towards the prompt', 1, 0],
  ['away from it, with fresh noise', -7.5, 0.3],
])('the noise that is found is that of the reference, %s', async (_, scale, eta) => {
  const settings = makeSettings({
    prompt: 'a cube',
    seed: 4,
    method: 'sdi',
    guidance: { inversionSteps: 6, inversionScale: scale, inversionEta: eta },
  });
  const step = 7;
  const now = settingsAt(settings, step);
  const levels = drawLevels(now, schedule, step);
  const z = t.arena.allocate('z', 2 * elements);
  const prediction = t.arena.allocate('prediction', 2 * elements);
  const denoiser: FrozenScore = {
    batch: 2,
    z,
    prediction,
    setText() {},
    async run({ timesteps: [timestep] }) {
      const noised = await t.readback.floats(z, elements);
      const level = schedule.level(timestep!);
      const both = [mean.prompt, mean.empty].flatMap((m) =>
        Array.from(noised, (value) => exactVelocity(value, level, m)),
      );
      t.gpu.device.queue.writeBuffer(prediction, 0, Float32Array.from(both));
    },
  };
  const input = t.arena.upload('input', views);
  const shape = { views: 2, elements, pixels: 18, timesteps: 1000, prediction: 'v' as const };
  const source = new InvertedNoise(t.gpu, shape, {
    ...{ input, denoiser, schedule, unconditional: 'empty' },
    texts: () => ({}) as never,
  });
  const draw = { seed: 4, step, noiseStep: step, cameras: [], levels, fakeLevels: [], now };
  await source.draw(new Submission(t.gpu, 'test'), draw satisfies QueryDraw);
  expect(source.calls).toBeGreaterThanOrEqual(2);
  expect(source.calls % 2).toBe(0);
  const found = await t.readback.floats(source.epsilon, elements);

  const overshoot = uniform(4, streams.inversionTimestep, step, 0);
  const path = inversionLevels(schedule, levels.dm.timestep, 6, overshoot);
  const expected = Array.from(views, (view, e) => {
    let value = 2 * view - 1;
    path.slice(0, -1).forEach((before, i) => {
      const after = path[i + 1]!;
      // The network is asked at timestep 0 about clean views, and its answer taken as that of a level without noise.
      const asked = schedule.level(before.timestep);
      const of = (m: number) =>
        before.alpha * exactVelocity(value, asked, m) + before.sigma * value;
      const epsilon = of(mean.empty) + scale * (of(mean.prompt) - of(mean.empty));
      const jitter = eta * ddimDeviation(before, after);
      const clean = (value - before.sigma * epsilon) / before.alpha;
      const fresh = normal(4, streams.inversionNoise, step * 101 + i, e);
      const kept = Math.sqrt(Math.max(0, after.sigma ** 2 - jitter ** 2));
      value = after.alpha * clean + kept * epsilon + jitter * fresh;
    });
    const last = path.at(-1)!;
    return (value - last.alpha * (2 * view - 1)) / last.sigma;
  });
  const largest = Math.max(...expected.map(Math.abs));
  const error = Math.max(...found.map((value, e) => Math.abs(value - expected[e]!)));
  expect(error).toBeLessThan(1e-3 * largest);
  source.dispose();
});
