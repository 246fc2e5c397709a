import { beforeAll, describe, expect, test } from 'vitest';
import { Mlp } from '../../src/field/mlp';
import { type FieldOptions, fieldOptions } from '../../src/field/options';
import { type AdapterKind, asKind, openTestGpu, type TestGpu } from '../gpu';
import { draws, packedPoints, relativeError, walks } from '../points';
import { mlp, mlpBackward } from '../reference/mlp';
import { packFeatures, unpackFeatures } from './features';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

function setUp(n: number, partial: Partial<FieldOptions>, kernels: AdapterKind = 'software') {
  const options = fieldOptions(partial);
  const { levels } = options;
  const perceptron = new Mlp(asKind(t.gpu, kernels), options);
  const weights = perceptron.initial(5);
  const positions = walks(n);
  const points = packedPoints(t, positions);
  const { capacity } = points;
  const features = draws(n * levels * 2, 301);
  const packed = packFeatures(features, levels, capacity);
  const gradient = draws(4 * n, 302);
  const buffers = {
    features: t.arena.upload('features', packed),
    values: t.arena.allocate('values', 4 * capacity),
    valueGradients: t.arena.upload('value_gradients', gradient),
    quanta: t.arena.allocate('quanta', levels),
  };
  t.gpu.device.queue.writeBuffer(perceptron.weights, 0, weights);
  const evaluator = perceptron.evaluator(points, buffers);
  return {
    options,
    perceptron,
    weights,
    positions,
    capacity,
    features,
    gradient,
    buffers,
    evaluator,
  };
}

type Density = FieldOptions['densityActivation'];
type Hidden = FieldOptions['hidden'];
type Case = [n: number, levels: number, hidden: Hidden, density: Density, kernels: AdapterKind];
const cases: Case[] = [
  [1, 1, 32, 'softplus', 'software'],
  [63, 3, 64, 'exp', 'software'],
  [65, 16, 64, 'softplus', 'software'],
  [1000, 8, 32, 'softplus', 'software'],
  [1000, 16, 16, 'exp', 'software'],
  [65, 3, 32, 'softplus', 'hardware'],
  [1000, 16, 64, 'exp', 'hardware'],
];

describe.each(cases)(
  '%i points, %i levels, %i units, %s, %s',
  (n, levels, hidden, density, kernels) => {
    test('values and gradients match the reference; the unit bounds every sum', async () => {
      const s = setUp(n, { levels, hidden, densityActivation: density, blobScale: 5 }, kernels);
      await t.run((pass) => s.evaluator.forward(pass));
      const values = await t.readback.floats(s.buffers.values, 4 * n);
      const expected = mlp(s.options, s.features, s.weights, s.positions);
      expect(relativeError(values, expected)).toBeLessThan(1e-5);

      await t.run((pass) => s.evaluator.backward(pass));
      const { weights, features } = mlpBackward(
        s.options,
        s.features,
        s.weights,
        s.positions,
        s.gradient,
      );
      const dWeights = await t.readback.floats(s.perceptron.gradient, s.perceptron.words);
      expect(relativeError(dWeights, weights)).toBeLessThan(1e-5);
      const packed = await t.readback.floats(s.buffers.features);
      const dFeatures = unpackFeatures(packed, levels, s.capacity, n);
      expect(relativeError(dFeatures, features)).toBeLessThan(1e-5);

      const quanta = await t.readback.floats(s.buffers.quanta, levels);
      for (let k = 0; k < 2 * levels; k++) {
        const column = features.filter((_, i) => i % (2 * levels) === k);
        const bound = column.reduce((sum, d) => sum + Math.abs(d), 0) / quanta[k >> 1]!;
        expect(bound).toBeLessThan(2 ** 30);
      }
      for (let l = 0; l < levels; l++) {
        const level = features.filter((_, i) => Math.floor(i / 2) % levels === l);
        const size = level.reduce((sum, d) => sum + Math.abs(d), 0) / quanta[l]!;
        expect(size).toBeGreaterThan(2 ** 24);
      }
    });
  },
);

test('sigma is 0 outside the unit ball, the gradient too; extreme raw values stay finite', async () => {
  const n = 200;
  const s = setUp(n, { levels: 2, blobScale: 0 });
  const weights = s.weights.map((w, i) => (i % 8 === 7 ? 1e6 * w : w));
  t.gpu.device.queue.writeBuffer(s.perceptron.weights, 0, weights);
  await t.run((pass) => {
    s.evaluator.forward(pass);
    s.evaluator.backward(pass);
  });
  const values = await t.readback.floats(s.buffers.values, 4 * n);
  expect(values.every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
  let outside = 0;
  for (let i = 0; i < n; i++) {
    if (Math.hypot(...s.positions.subarray(4 * i, 4 * i + 3)) <= 1) continue;
    outside++;
    expect(values[4 * i + 3]).toBe(0);
  }
  expect(outside).toBeGreaterThan(0);
  const gradient = await t.readback.floats(s.perceptron.gradient);
  expect(gradient.every(Number.isFinite)).toBe(true);
});

test('no points: the weights get a zero gradient', async () => {
  const s = setUp(0, { levels: 3 });
  await t.run((pass) => {
    s.evaluator.forward(pass);
    s.evaluator.backward(pass);
  });
  expect((await t.readback.floats(s.perceptron.gradient)).every((g) => g === 0)).toBe(true);
});
