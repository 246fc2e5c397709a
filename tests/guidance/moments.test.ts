import { beforeAll, expect, test } from 'vitest';
import { Moments } from '../../src/guidance/moments';
import { uniform } from '../../src/random';
import { makeSettings, settingsAt } from '../../src/settings';
import { openTestGpu, type TestGpu } from '../gpu';
import { momentsLoss } from '../reference/moments';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

test.each([
  [3, 5, 4],
  [1, 3, 3],
  [2, 20, 4],
])(
  'the gradient of %i views of %i px and %i channels is that of the divergence',
  async (views, size, channels) => {
    const pixels = views * size * size;
    const elements = pixels * channels;
    const x = Float32Array.from({ length: elements }, (_, e) => uniform(8, 80, 0, e) ** 2);
    const input = t.arena.upload('input', x);
    const inputGradient = t.arena.upload('gradient', new Float32Array(elements).fill(0.25));
    const shape = { views, elements, pixels, timesteps: 1000, prediction: 'v' as const };
    const term = new Moments(t.gpu, shape, { input, inputGradient });
    const goal = { lambdaMoments: 0.7, momentsMean: -0.3, momentsVariance: 0.2 };
    const now = settingsAt(makeSettings({ prompt: 'a cube', guidance: goal }), 0);
    await t.run((pass) => term.gradient({ pass, split() {} }, { now }));
    const found = await t.readback.floats(inputGradient, elements);
    const options = { views, pixels, weight: 0.7, mean: -0.3, variance: 0.2 };
    const step = 1e-4;
    for (let e = 0; e < elements; e += Math.ceil(elements / 20)) {
      const moved = (by: number) =>
        momentsLoss(
          Float64Array.from(x, (value, i) => (i === e ? value + by : value)),
          options,
        );
      const slope = (moved(step) - moved(-step)) / (2 * step);
      expect(found[e]! - 0.25).toBeCloseTo(slope, 5);
    }
    term.dispose();
  },
);

test('without weight nothing is added', async () => {
  const shape = { views: 1, elements: 4, pixels: 1, timesteps: 1000, prediction: 'v' as const };
  const input = t.arena.upload('input', Float32Array.of(0.1, 0.2, 0.3, 1));
  const inputGradient = t.arena.upload('gradient', new Float32Array(4).fill(0.25));
  const term = new Moments(t.gpu, shape, { input, inputGradient });
  const now = settingsAt(makeSettings({ prompt: 'a cube' }), 0);
  await t.run((pass) => term.gradient({ pass, split() {} }, { now }));
  expect([...(await t.readback.floats(inputGradient, 4))]).toEqual([0.25, 0.25, 0.25, 0.25]);
  term.dispose();
});
