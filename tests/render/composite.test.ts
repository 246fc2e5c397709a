import { beforeAll, describe, expect, test } from 'vitest';
import { uniform } from '../../src/random';
import { Composite, noRegularisers, type Regularisers } from '../../src/render/composite';
import { tilePixelsFor } from '../../src/render/march';
import { openTestGpu, type TestGpu } from '../gpu';
import { relativeError } from '../points';
import { type CompositeInput, compositeBackward, compositeForward } from '../reference/composite';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

type Size = Pick<CompositeInput, 'views' | 'width' | 'height' | 'raysPerPixel'>;

/** Rays of 0 to `longest` points; densities from empty to opaque. */
function scene(size: Size, longest: number, density: number, earlyStop: number): CompositeInput {
  const rays = size.views * size.width * size.height * size.raysPerPixel;
  const rayPoints: number[] = [];
  let points = 0;
  for (let ray = 0; ray < rays; ray++) {
    const count = Math.floor(uniform(1, 0, 0, ray) * (longest + 1));
    rayPoints.push(points, count);
    points += count;
  }
  const draw = (stream: number, i: number) => uniform(1, stream, 0, i);
  const values = Float32Array.from({ length: 4 * points }, (_, i) =>
    i % 4 < 3 ? draw(1, i) : density * draw(2, i) ** 3,
  );
  const distances = Float32Array.from({ length: points }, (_, i) => 2 + 2 * draw(3, i));
  return { ...size, stepLength: 2 / 32, earlyStop, rayPoints, values, distances };
}

async function run(input: CompositeInput, gradients: Float32Array, regularisers: Regularisers) {
  const points = input.values.length / 4;
  const shape = { ...input, samplesPerRay: 2 / input.stepLength };
  const tilePixels = tilePixelsFor(shape, Number.POSITIVE_INFINITY);
  const positions = Float32Array.from({ length: 4 * points }, (_, i) =>
    i % 4 === 3 ? input.distances[Math.floor(i / 4)]! : 0,
  );
  const rayPoints = new Uint32Array(2 * tilePixels * input.raysPerPixel);
  rayPoints.set(Array.from(input.rayPoints));
  const valueGradients = t.arena.upload('valueGradients', new Float32Array(4 * points).fill(99));
  const marched = {
    rayPoints: t.arena.upload('rayPoints', rayPoints),
    tile: t.arena.allocate('tile', 1),
    points: {
      positions: t.arena.upload('positions', positions),
      count: t.arena.allocate('count', 4),
      capacity: points,
    },
  };
  const evaluated = {
    values: t.arena.upload('values', Float32Array.from(input.values)),
    valueGradients,
  };
  const { earlyStop } = input;
  const composite = new Composite(t.gpu, shape, tilePixels, marched, evaluated, {
    earlyStop,
    gradient: true,
  });
  composite.begin(regularisers);
  t.gpu.device.queue.writeBuffer(
    composite.viewGradients,
    0,
    gradients as Float32Array<ArrayBuffer>,
  );
  await t.run((pass) => {
    composite.forward(pass);
    composite.backward(pass);
  });
  const pixels = input.views * input.width * input.height;
  const result = {
    views: await t.readback.floats(composite.views, 4 * pixels),
    depth: await t.readback.floats(composite.depth, pixels),
    valueGradients: await t.readback.floats(valueGradients, 4 * points),
  };
  composite.dispose();
  return result;
}

const viewGradientsOf = ({ views, width, height }: Size) =>
  Float32Array.from({ length: 4 * views * width * height }, (_, i) => uniform(2, 0, 0, i) - 0.5);

describe.each<[Size]>([
  [{ views: 1, width: 1, height: 1, raysPerPixel: 1 }],
  [{ views: 4, width: 7, height: 5, raysPerPixel: 1 }],
  [{ views: 1, width: 33, height: 17, raysPerPixel: 4 }],
])('%j', (size) => {
  test.each([
    ['thin', 2, 0, noRegularisers],
    ['dense, stopped early', 400, 1e-2, noRegularisers],
    ['regularised', 30, 1e-4, { sparsity: 3, opaque: 2, nearness: 5 }],
  ])('%s: forward and backward as in the reference', async (_, density, earlyStop, weights) => {
    const input = scene(size, 40, density, earlyStop);
    const gradients = viewGradientsOf(size);
    const found = await run(input, gradients, weights);
    const expected = compositeForward(input);
    expect(relativeError(found.views, expected.views)).toBeLessThan(1e-5);
    expect(relativeError(found.depth, expected.depth)).toBeLessThan(1e-5);
    const expectedGradients = compositeBackward(input, gradients, weights);
    expect(relativeError(found.valueGradients, expectedGradients)).toBeLessThan(1e-4);
    const sigmas = (all: ArrayLike<number>) => Array.from(all).filter((_, i) => i % 4 === 3);
    expect(relativeError(sigmas(found.valueGradients), sigmas(expectedGradients))).toBeLessThan(
      1e-4,
    );
  });
});

test('rays without points are black, transparent and without depth', async () => {
  const input = scene({ views: 1, width: 7, height: 5, raysPerPixel: 1 }, 0, 1, 1e-4);
  const found = await run(input, viewGradientsOf(input), noRegularisers);
  expect(found.views.every((x) => x === 0)).toBe(true);
  expect(found.depth.every((x) => x === 0)).toBe(true);
});

test('an opaque first point hides the rest and gets the gradient alone', async () => {
  const input: CompositeInput = {
    views: 1,
    width: 1,
    height: 1,
    raysPerPixel: 1,
    stepLength: 1 / 16,
    earlyStop: 1e-4,
    rayPoints: [0, 2],
    values: [0.25, 0.5, 0.75, 1e4, 1, 1, 1, 1e4],
    distances: [2.5, 3],
  };
  const found = await run(input, Float32Array.of(1, 2, 3, 4), noRegularisers);
  expect([...found.views]).toEqual([0.25, 0.5, 0.75, 1]);
  expect([...found.depth]).toEqual([2.5]);
  expect([...found.valueGradients]).toEqual([1, 2, 3, 0, 0, 0, 0, 0]);
});

test('a forward-only composite refuses to go backward', async () => {
  const size = { views: 1, width: 1, height: 1, raysPerPixel: 1 };
  const buffer = t.arena.allocate('any', 64);
  const marched = {
    rayPoints: buffer,
    tile: buffer,
    points: { positions: buffer, count: buffer, capacity: 1 },
  };
  const forwardOnly = new Composite(
    t.gpu,
    { ...size, samplesPerRay: 8 },
    64,
    marched,
    { values: buffer, valueGradients: buffer },
    { earlyStop: 0, gradient: false },
  );
  await expect(t.run((pass) => forwardOnly.backward(pass))).rejects.toThrow(/gradient: true/);
  forwardOnly.dispose();
});
