import { beforeAll, expect, test } from 'vitest';
import { Submission } from '../../src/gpu/submission';
import { pixelSpace } from '../../src/prior/space/spaces';
import { streams, uniform } from '../../src/random';
import { openTestGpu, type TestGpu } from '../gpu';
import { draws } from '../points';
import { manifestOf } from '../train/parts';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

/** c = C + (1 − A) b of views [V, 4, H, W]. */
function overBackground(views: ArrayLike<number>, plane: number, background: readonly number[]) {
  const count = views.length / 4 / plane;
  return Float64Array.from({ length: 3 * count * plane }, (_, i) => {
    const [view, channel, at] = [Math.floor(i / 3 / plane), Math.floor(i / plane) % 3, i % plane];
    const from = view * 4 * plane + at;
    return views[from + channel * plane]! + (1 - views[from + 3 * plane]!) * background[channel]!;
  });
}

function buffers(words: number, seed: number) {
  const values = draws(words, seed);
  return {
    values,
    views: t.arena.upload('views', values),
    viewGradients: t.arena.allocate('view_gradients', words),
  };
}

test('a model of premultiplied RGBA sees the views themselves', () => {
  const { views, viewGradients } = buffers(4 * 4 * 16, 1);
  const space = pixelSpace(t.gpu, manifestOf(4), { views, viewGradients });
  expect([space.input, space.inputGradient]).toEqual([views, viewGradients]);
});

test.each([
  [4, 8, [0.2, 0.5, 0.9]],
  [1, 1, [1, 1, 1]],
  [3, 5, 'random'],
] as const)(
  'RGB of %i views of %i pixels over %s, and its pullback',
  async (count, size, background) => {
    const plane = size * size;
    const { values, views, viewGradients } = buffers(4 * count * plane, 2);
    const manifest = manifestOf(size, { views: count, channels: 3, background });
    const space = pixelSpace(t.gpu, manifest, { views, viewGradients });
    const gradient = draws(3 * count * plane, 3).map((g) => g - 0.5);
    t.gpu.device.queue.writeBuffer(space.inputGradient, 0, gradient);
    const work = new Submission(t.gpu, 'test');
    await space.forward(work, { seed: 9, noiseStep: 4 });
    await space.backward(work);
    work.submit();
    const colour =
      background === 'random'
        ? [0, 1, 2].map((c) => uniform(9, streams.background, 4, c))
        : [...background];
    const input = await t.readback.floats(space.input, 3 * count * plane);
    const expected = overBackground(values, plane, colour);
    input.forEach((value, i) => {
      expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-6);
    });
    // L = Σ g c is linear in the views: its slope is the difference that one more of a word makes.
    const loss = (x: ArrayLike<number>) =>
      overBackground(x, plane, colour).reduce((sum, c, i) => sum + gradient[i]! * c, 0);
    const found = await t.readback.floats(viewGradients, 4 * count * plane);
    const base = loss(values);
    found.forEach((slope, i) => {
      const moved = Float64Array.from(values);
      moved[i]! += 1;
      expect(Math.abs(slope - (loss(moved) - base))).toBeLessThan(1e-5);
    });
    space.dispose();
  },
);
