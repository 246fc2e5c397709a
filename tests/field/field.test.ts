import { beforeAll, describe, expect, test } from 'vitest';
import { Field } from '../../src/field/field';
import { gridLevels } from '../../src/field/levels';
import type { FieldOptions } from '../../src/field/options';
import { Adam } from '../../src/optim/adam';
import { openTestGpu, type TestGpu } from '../gpu';
import { cosine, draws, halfDraws, packedPoints, relativeError, walks } from '../points';
import { fieldBackward, field as reference } from '../reference/field';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

/** A field with a table of order one that f16 holds, at `n` points, with dL/dvalues set. */
function setUp(n: number, options: Partial<FieldOptions> = {}) {
  const field = new Field(t.gpu, { log2TableSize: 12, blobScale: 2, ...options }, 9);
  const [table, mlp] = field.parameters;
  const parameters = {
    table: halfDraws(table.values.size / 4, 501, -0.5, 0.5),
    mlp: draws(mlp.values.size / 4, 502, -0.5, 0.5),
  };
  field.restore(parameters);
  const positions = walks(n);
  const evaluator = field.evaluator(packedPoints(t, positions), { gradient: true });
  const gradient = draws(4 * n, 503);
  t.gpu.device.queue.writeBuffer(evaluator.valueGradients, 0, gradient);
  const spec = {
    grid: {
      levels: gridLevels(field.options),
      smooth: false,
      activeLevels: field.options.levels,
    },
    mlp: field.options,
  };
  return { field, parameters, positions, evaluator, gradient, spec };
}

/** Runs forward and backward; returns the raw words of both gradients, and clears the table's. */
async function gradientWords({ field, evaluator }: ReturnType<typeof setUp>) {
  const [table, mlp] = field.parameters;
  await t.run((pass) => {
    evaluator.forward(pass);
    evaluator.backward(pass);
  });
  const words = {
    table: new Int32Array(await t.readback.read(table.gradient)),
    mlp: await t.readback.words(mlp.gradient, mlp.segments[0].words),
    quanta: await t.readback.floats(table.quanta),
  };
  t.gpu.device.queue.writeBuffer(table.gradient, 0, new Int32Array(words.table.length));
  return words;
}

const cases: [n: number, levels: number, hidden: FieldOptions['hidden']][] = [
  [1, 8, 32],
  [65, 3, 64],
  [1000, 8, 32],
];

describe.each(cases)('%i points, %i levels, %i units', (n, levels, hidden) => {
  test('values and gradients match the reference; gradients repeat bit for bit', async () => {
    const s = setUp(n, { levels, hidden });
    const first = await gradientWords(s);
    const values = await t.readback.floats(s.evaluator.values, 4 * n);
    const expectedValues = reference(s.spec, s.parameters, s.positions);
    expect(relativeError(values, expectedValues)).toBeLessThan(1e-5);

    const expected = fieldBackward(s.spec, s.parameters, s.positions, s.gradient);
    const mlp = new Float32Array(first.mlp.buffer);
    expect(relativeError(mlp, expected.mlp)).toBeLessThan(1e-4);
    const table = new Float64Array(first.table.length);
    s.spec.grid.levels.forEach(({ offset, entries }, l) => {
      for (let k = 2 * offset; k < 2 * (offset + entries); k++) {
        table[k] = first.table[k]! * first.quanta[l]!;
      }
    });
    expect(relativeError(table, expected.table)).toBeLessThan(1e-4);
    expect(cosine(table, expected.table)).toBeGreaterThan(0.999999);
    expect(await gradientWords(s)).toEqual(first);
  });
});

test('a new field is the blob: grey, dense inside, the same for the same seed', async () => {
  const positions = new Float32Array([0, 0, 0, 0, 0.5, 0, 0, 0, 0, 0.9, 0, 0, 0, 0, 1.05, 0]);
  const field = new Field(t.gpu, { blobScale: 10 }, 3);
  const evaluator = field.evaluator(packedPoints(t, positions), { gradient: false });
  await t.run((pass) => evaluator.forward(pass));
  const values = await t.readback.floats(evaluator.values, 16);
  const sigma = [10, Math.log(2), Math.log1p(Math.exp(-8)), 0];
  for (let i = 0; i < 4; i++) {
    for (let c = 0; c < 3; c++) expect(values[4 * i + c]).toBeCloseTo(0.5, 3);
    expect(values[4 * i + 3]).toBeCloseTo(sigma[i]!, 3);
  }
  const same = await new Field(t.gpu, {}, 3).snapshot(t.readback);
  const snapshot = await field.snapshot(t.readback);
  expect(snapshot).toEqual(same);
  expect(snapshot.table.every((entry) => Math.abs(entry) <= 1e-4)).toBe(true);
  const other = await new Field(t.gpu, {}, 4).snapshot(t.readback);
  expect(other.table).not.toEqual(same.table);
  expect(other.mlp).not.toEqual(same.mlp);
  expect(() => evaluator.valueGradients).toThrow(/without gradients/);
  expect(() => evaluator.backward({} as GPUComputePassEncoder)).toThrow(/without gradients/);
});

test('Adam brings the field to given values', async () => {
  const n = 500;
  const s = setUp(n);
  const target = Float32Array.from(draws(4 * n, 504, 0.2, 0.8));
  const adam = new Adam(t.gpu, s.field.parameters);
  const inside = (i: number) => i % 4 < 3 || Math.hypot(...s.positions.subarray(i - 3, i)) <= 1;
  const losses: number[] = [];
  for (let step = 1; step <= 40; step++) {
    await t.run((pass) => s.evaluator.forward(pass));
    const values = await t.readback.floats(s.evaluator.values, 4 * n);
    const error = target.map((v, i) => (inside(i) ? values[i]! - v : 0));
    losses.push(error.reduce((sum, e) => sum + e * e, 0) / n);
    t.gpu.device.queue.writeBuffer(s.evaluator.valueGradients, 0, error);
    adam.begin(step, { table: 0.02, mlp: 0.01 });
    await t.run((pass) => {
      s.evaluator.backward(pass);
      adam.update(pass);
    });
  }
  expect(losses.at(-1)! / losses[0]!).toBeLessThan(0.1);
});

test('a NaN among the value gradients is counted and leaves the parameters alone', async () => {
  const s = setUp(100);
  t.gpu.device.queue.writeBuffer(
    s.evaluator.valueGradients,
    4 * 57,
    new Float32Array([Number.NaN]),
  );
  const adam = new Adam(t.gpu, s.field.parameters);
  adam.begin(1, { table: 0.1, mlp: 0.1 });
  await t.run((pass) => {
    s.evaluator.forward(pass);
    s.evaluator.backward(pass);
    adam.update(pass);
  });
  expect((await adam.readStats(t.readback)).nonFinite).toBeGreaterThan(0);
  expect(await s.field.snapshot(t.readback)).toEqual(s.parameters);
});

test('no points: an update that moves nothing', async () => {
  const s = setUp(0);
  const adam = new Adam(t.gpu, s.field.parameters);
  adam.begin(1, { table: 0.1, mlp: 0.1 });
  await t.run((pass) => {
    s.evaluator.forward(pass);
    s.evaluator.backward(pass);
    adam.update(pass);
  });
  expect(await adam.readStats(t.readback)).toEqual({
    nonFinite: 0,
    saturations: 0,
    norms: { table: 0, mlp: 0 },
  });
  expect(await s.field.snapshot(t.readback)).toEqual(s.parameters);
});

test('snapshot and restore name what does not fit; options out of range are refused', async () => {
  const { field, parameters } = setUp(1);
  expect(await field.snapshot(t.readback)).toEqual(parameters);
  const { mlp } = parameters;
  expect(() => field.restore({ mlp })).toThrow(/'table'/);
  expect(() => field.restore({ ...parameters, mlp: mlp.subarray(4) })).toThrow(/'mlp'/);
  expect(field.bytes).toBeGreaterThan(2 * 4 * (parameters.table.length + mlp.length));
  expect(() => new Field(t.gpu, { hidden: 33 as never })).toThrow(/hidden/);
  expect(() => new Field(t.gpu, { levels: 17 })).toThrow(/levels/);
  expect(() => new Field(t.gpu, { maxResolution: 4 })).toThrow(/maxResolution' must be at least/);
  expect(() => new Field(t.gpu, { blobStd: 0 })).toThrow(/blobStd/);
});
