import { beforeAll, describe, expect, test } from 'vitest';
import { HashGrid } from '../../src/field/hash_grid';
import { gridLevels } from '../../src/field/levels';
import { type FieldOptions, fieldOptions } from '../../src/field/options';
import { Adam } from '../../src/optim/adam';
import { type AdapterKind, asKind, openTestGpu, type TestGpu } from '../gpu';
import { draws, halfDraws, packedPoints, relativeError, walks } from '../points';
import { encode, encodeBackward } from '../reference/hash_grid';
import { packFeatures, unpackFeatures } from './features';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

/** A grid with a table of order one that f16 holds, encoding `n` points, and the reference's view of it. */
function setUp(
  n: number,
  partial: Partial<FieldOptions>,
  { activeLevels, kernels = 'software' }: { activeLevels?: number; kernels?: AdapterKind } = {},
) {
  const options = fieldOptions({ log2TableSize: 10, ...partial });
  const grid = new HashGrid(asKind(t.gpu, kernels), options);
  const active = activeLevels ?? options.levels;
  grid.activeLevels = active;
  const table = halfDraws(grid.words, 201);
  grid.write(table);
  const positions = walks(n);
  const points = packedPoints(t, positions);
  const { capacity } = points;
  const features = t.arena.allocate('features', Math.ceil(options.levels / 2) * capacity * 4);
  const encoder = grid.encoder(points, features, true);
  const spec = {
    levels: grid.levels,
    smooth: options.interpolation === 'smooth',
    activeLevels: active,
  };
  return { grid, table, positions, capacity, features, encoder, spec };
}

/** Writes dL/dfeatures [n, levels, 2] and units that keep its sums `headroom` bits below 2^30. */
function writeGradient(s: ReturnType<typeof setUp>, gradient: Float32Array, headroom = 0) {
  const levels = s.grid.levels.length;
  const quanta = Float32Array.from({ length: levels }, (_, l) => {
    const sums = [0, 0];
    for (let k = 2 * l; k < gradient.length; k += 2 * levels) {
      for (let f = 0; f < 2; f++) sums[f]! += Math.abs(gradient[k + f]!);
    }
    return 2 ** (Math.floor(Math.log2(Math.max(...sums))) - 29 + headroom);
  });
  const { queue } = t.gpu.device;
  queue.writeBuffer(s.features, 0, packFeatures(gradient, levels, s.capacity));
  queue.writeBuffer(s.grid.quanta, 0, quanta);
  return quanta;
}

async function readGradient(grid: HashGrid, quanta: Float32Array): Promise<Float64Array> {
  const integers = new Int32Array(await t.readback.read(grid.gradient, 0, 4 * grid.words));
  const gradient = new Float64Array(integers.length);
  grid.levels.forEach(({ offset, entries }, l) => {
    for (let k = 2 * offset; k < 2 * (offset + entries); k++) {
      gradient[k] = integers[k]! * quanta[l]!;
    }
  });
  return gradient;
}

type Interpolation = FieldOptions['interpolation'];
const cases: [n: number, levels: number, interpolation: Interpolation, kernels: AdapterKind][] = [
  [1, 1, 'linear', 'software'],
  [63, 3, 'linear', 'software'],
  [65, 16, 'smooth', 'software'],
  [1000, 16, 'linear', 'software'],
  [1000, 3, 'smooth', 'software'],
  [65, 16, 'linear', 'hardware'],
  [1000, 3, 'smooth', 'hardware'],
];

describe.each(cases)('%i points, %i levels, %s, %s', (n, levels, interpolation, kernels) => {
  test('features and the table gradient match the reference', async () => {
    const options = { levels, interpolation, minResolution: 4, maxResolution: 64 };
    const s = setUp(n, options, { kernels });
    await t.run((pass) => s.encoder.forward(pass));
    const packed = await t.readback.floats(s.features);
    const features = unpackFeatures(packed, levels, s.capacity, n);
    expect(relativeError(features, encode(s.spec, s.positions, s.table))).toBeLessThan(1e-5);

    const gradient = draws(n * levels * 2, 202);
    const quanta = writeGradient(s, gradient);
    await t.run((pass) => s.encoder.backward(pass));
    const expected = encodeBackward(s.spec, s.positions, gradient);
    expect(relativeError(await readGradient(s.grid, quanta), expected)).toBeLessThan(1e-5);
  });
});

test('inactive levels have no features and get no gradient; the next one fades in', async () => {
  const n = 100;
  const s = setUp(n, { levels: 5, maxResolution: 40 }, { activeLevels: 2.25 });
  await t.run((pass) => s.encoder.forward(pass));
  const features = unpackFeatures(await t.readback.floats(s.features), 5, s.capacity, n);
  const expected = encode(s.spec, s.positions, s.table);
  expect(relativeError(features, expected)).toBeLessThan(1e-5);
  expect(features.subarray(6, 10).every((feature) => feature === 0)).toBe(true);

  const gradient = draws(n * 10, 203);
  const quanta = writeGradient(s, gradient);
  await t.run((pass) => s.encoder.backward(pass));
  const expectedGradient = encodeBackward(s.spec, s.positions, gradient);
  expect(relativeError(await readGradient(s.grid, quanta), expectedGradient)).toBeLessThan(1e-5);
});

test('rounding has no bias: a coarse unit keeps the total', async () => {
  const n = 1000;
  const s = setUp(n, { levels: 1, minResolution: 2 });
  await t.run((pass) => s.encoder.forward(pass));
  const gradient = draws(2 * n, 204, 0, 1);
  const quanta = writeGradient(s, gradient, 14);
  await t.run((pass) => s.encoder.backward(pass));
  const total = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);
  const sum = total(await readGradient(s.grid, quanta));
  expect(Math.abs(sum / total(gradient) - 1)).toBeLessThan(0.01);
});

test('a unit too small for the sums is caught as saturation', async () => {
  const s = setUp(1000, { levels: 1, minResolution: 2 });
  await t.run((pass) => s.encoder.forward(pass));
  const segments = [{ first: 0, words: s.grid.words }];
  const { table: values, gradient, quanta } = s.grid;
  const adam = new Adam(t.gpu, [{ name: 'table', values, gradient, quanta, segments }]);
  adam.begin(1, { table: 0 });
  const saturations = async (headroom: number) => {
    writeGradient(s, draws(2000, 205), headroom);
    await t.run((pass) => {
      s.encoder.backward(pass);
      adam.update(pass);
    });
    return (await adam.readStats(t.readback)).saturations;
  };
  expect(await saturations(-9)).toBeGreaterThan(0);
  expect(await saturations(0)).toBe(0);
});

test('no points: nothing is encoded, nothing is scattered', async () => {
  const s = setUp(0, { levels: 2 });
  await t.run((pass) => {
    s.encoder.forward(pass);
    s.encoder.backward(pass);
  });
  expect((await t.readback.words(s.features)).every((word) => word === 0)).toBe(true);
  expect((await t.readback.words(s.grid.gradient)).every((word) => word === 0)).toBe(true);
});

test('levels grow geometrically and hash where they no longer fit', () => {
  const levels = gridLevels(
    fieldOptions({ levels: 3, minResolution: 8, maxResolution: 128, log2TableSize: 12 }),
  );
  expect(levels).toEqual([
    { resolution: 8, dense: true, offset: 0, entries: 736 },
    { resolution: 32, dense: false, offset: 736, entries: 4096 },
    { resolution: 128, dense: false, offset: 4832, entries: 4096 },
  ]);
});
