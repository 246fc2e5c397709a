import { beforeAll, describe, expect, test } from 'vitest';
import { Residual } from '../../src/fit/residual';
import { openTestGpu, type TestGpu } from '../gpu';
import { draws } from '../points';
import { knownColours, type ResidualCase, residual } from '../reference/residual';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

const cases: [string, Omit<ResidualCase, 'knownViews' | 'charbonnier'>][] = [
  ['square views', { width: 16, height: 16, seed: 3, step: 5, side: 64, known: [2, 0, 1] }],
  ['odd sizes', { width: 7, height: 5, seed: 9, step: 0, side: 33, known: [1] }],
  ['one ray', { width: 1, height: 1, seed: 1, step: 2, side: 8, known: [0] }],
  ['one sample', { width: 3, height: 2, seed: 1, step: 2, side: 1, known: [0, 3] }],
];

const robustly = [0, 0.05].flatMap((charbonnier) =>
  cases.map(([name, shape]) => [name, charbonnier, shape] as const),
);

describe.each(robustly)('%s, robust by %d', (_, charbonnier, shape) => {
  const knownViews = Uint8Array.from(draws(4 * 4 * shape.side ** 2, 500), (x) => 127 + 127 * x);
  const given: ResidualCase = { ...shape, knownViews, charbonnier };
  const words = 4 * shape.known.length * shape.width * shape.height;
  const views = draws(words, 501).map((x) => 0.5 + 0.5 * x);

  async function run() {
    const { width, height, side, known, seed, step } = given;
    const buffers = {
      known: t.arena.upload('known', new Uint32Array(knownViews.buffer)),
      views: t.arena.upload('views', views),
      viewGradients: t.arena.allocate('viewGradients', words),
    };
    const shapeOf = { views: known.length, width, height, knownSide: side, charbonnier };
    const kernel = new Residual(t.gpu, shapeOf, buffers);
    kernel.begin(known, seed, step);
    await t.run((pass) => kernel.record(pass));
    const gradient = await t.readback.floats(buffers.viewGradients, words);
    const [error] = await t.readback.floats(kernel.meanError, 1);
    kernel.dispose();
    return { gradient, error: error! };
  }

  test('agrees with the reference, at the place in the pixel that each ray drew', async () => {
    const wanted = residual(views, given);
    const { gradient, error } = await run();
    expect(Math.abs(error - wanted.error)).toBeLessThan(1e-5 * wanted.error);
    const plane = shape.width * shape.height;
    const close = knownColours(given).map((ray) => ray.close);
    wanted.gradient.forEach((value, i) => {
      const ray = Math.floor(i / (4 * plane)) * plane + (i % plane);
      if (!close[ray]) expect(Math.abs(gradient[i]! - value)).toBeLessThan(1e-6 / words);
    });
  });

  test('the gradient is that of the error', () => {
    const { gradient } = residual(views, given);
    const along = draws(words, 502);
    const at = (h: number) =>
      residual(
        Float64Array.from(views, (x, i) => x + h * along[i]!),
        given,
      ).error;
    const slope = (at(1e-4) - at(-1e-4)) / 2e-4;
    const expected = gradient.reduce((sum, g, i) => sum + g * along[i]!, 0);
    expect(slope).toBeCloseTo(expected, 6);
  });
});
