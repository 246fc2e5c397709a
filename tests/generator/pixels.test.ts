import { beforeAll, describe, expect, test } from 'vitest';
import { PixelGenerator } from '../../src/generator/pixels';
import { Submission } from '../../src/gpu/submission';
import { makeSettings, settingsAt } from '../../src/settings';
import { openTestGpu, type TestGpu } from '../gpu';
import { draws } from '../points';
import { pixelViews } from '../reference/pixels';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

const settings = makeSettings({ prompt: 'a cube', seed: 3, steps: 10 });
const draw = (step: number) => ({
  step,
  seed: 3,
  cameras: [],
  raysPerPixel: 1,
  now: settingsAt(settings, step),
});

async function parametersOf(generator: PixelGenerator): Promise<Float32Array> {
  return (await generator.snapshot())['pixels.parameters'] as Float32Array;
}

describe.each([
  [4, 8],
  [1, 1],
  [3, 5],
])('%i pictures of %i pixels', (views, resolution) => {
  const words = 4 * views * resolution ** 2;

  test('are sigmoids of their parameters, premultiplied', async () => {
    const generator = new PixelGenerator(t.gpu, { views, resolution, seed: 3 });
    const expected = pixelViews(await parametersOf(generator), resolution ** 2);
    const { views: found, count, size } = await generator.picture();
    expect([count, size]).toEqual([views, resolution]);
    expect(found).toHaveLength(words);
    found.forEach((value, i) => {
      expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-6);
    });
    generator.dispose();
  });

  test('descend along the gradient that finite differences have', async () => {
    const generator = new PixelGenerator(t.gpu, { views, resolution, seed: 3 });
    const before = await parametersOf(generator);
    const gradient = draws(words, 5).map((g) => g - 0.5);
    t.gpu.device.queue.writeBuffer(generator.viewGradients, 0, gradient);
    const work = new Submission(t.gpu, 'test');
    generator.forward(work);
    generator.backward(work);
    generator.step(work, draw(0));
    work.submit();
    const { norms, nonFinite } = await generator.stats();
    expect(nonFinite).toBe(0);
    // L = Σ g x: its slope along each parameter, by central differences.
    const plane = resolution ** 2;
    const loss = (p: ArrayLike<number>) =>
      pixelViews(p, plane).reduce((sum, x, i) => sum + gradient[i]! * x, 0);
    const h = 1e-4;
    const slopes = Array.from(before, (_, i) => {
      const moved = (by: number) =>
        loss(Float64Array.from(before, (p, k) => (k === i ? p + by : p)));
      return (moved(h) - moved(-h)) / (2 * h);
    });
    expect(norms.pixels! / Math.hypot(...slopes)).toBeCloseTo(1, 4);
    // Adam's first step is as long as its rate, against the slope.
    const after = await parametersOf(generator);
    const rate = draw(0).now.optim.pixelLearningRate;
    slopes.forEach((slope, i) => {
      expect(after[i]! - before[i]!).toBeCloseTo(-rate * Math.sign(slope), 4);
    });
    generator.dispose();
  });
});

test('a snapshot brings back pictures and optimiser, and is refused by other sizes', async () => {
  const [one, other] = [4, 2].map(
    (views) => new PixelGenerator(t.gpu, { views, resolution: 4, seed: 1 }),
  );
  const take = (step: number) => {
    const work = new Submission(t.gpu, 'test');
    t.gpu.device.queue.writeBuffer(one!.viewGradients, 0, draws(256, 7 + step));
    one!.forward(work);
    one!.backward(work);
    one!.step(work, draw(step));
    work.submit();
  };
  take(0);
  const saved = await one!.snapshot();
  take(1);
  const end = await one!.snapshot();
  expect(end).not.toEqual(saved);
  one!.restore(saved);
  take(1);
  expect(await one!.snapshot()).toEqual(end);
  expect(() => other!.restore(saved)).toThrow(/free pictures takes? 'parameters'|'pixels/i);
  one!.dispose();
  other!.dispose();
});

test('one seed starts alike, another does not', async () => {
  const at = async (seed: number) => {
    const generator = new PixelGenerator(t.gpu, { views: 1, resolution: 4, seed });
    const parameters = await parametersOf(generator);
    generator.dispose();
    return parameters;
  };
  expect(await at(1)).toEqual(await at(1));
  expect(await at(1)).not.toEqual(await at(2));
});
