import { beforeAll, expect, test } from 'vitest';
import { Adam, type ParameterGroup } from '../../src/optim/adam';
import { openTestGpu, type TestGpu } from '../gpu';
import { draws, relativeError } from '../points';
import { type AdamState, adam } from '../reference/adam';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

const words = 1000;
const segments = [
  { first: 0, words: 12 },
  { first: 12, words: 988 },
];
const quanta = new Float32Array([2 ** -20, 2 ** -12]);
const quantumOf = (i: number) => quanta[i < 12 ? 0 : 1]!;
const options = { beta1: 0.9, beta2: 0.99, epsilon: 1e-15 };
const rates = { table: 0.01, mlp: 0.002 };

/** A fixed-point group of two segments and a floating-point one, with the reference's states. */
function setUp() {
  const start = { table: draws(words, 401), mlp: draws(words, 402) };
  const groups = [
    {
      name: 'table',
      values: t.arena.upload('table', start.table),
      gradient: t.arena.allocate('table.gradient', words),
      quanta: t.arena.upload('quanta', quanta),
      segments,
    },
    {
      name: 'mlp',
      values: t.arena.upload('mlp', start.mlp),
      gradient: t.arena.allocate('mlp.gradient', words),
      segments: [{ first: 0, words }],
    },
  ] as const satisfies ParameterGroup[];
  const state = (values: Float32Array): AdamState => ({
    values: Float64Array.from(values),
    first: new Float64Array(words),
    second: new Float64Array(words),
  });
  const states = { table: state(start.table), mlp: state(start.mlp) };
  return { groups, states, adam: new Adam(t.gpu, groups, options) };
}

/** Gradients that leave every third word untouched in every step. */
function gradients(step: number) {
  const sparse = (stream: number) =>
    draws(words, stream + step).map((g, i) => (i % 3 === 0 ? 0 : g));
  const table = Int32Array.from(sparse(410), (g, i) => Math.round((g / quantumOf(i)) * 3));
  return { table, mlp: sparse(420) };
}

async function update(
  s: ReturnType<typeof setUp>,
  step: number,
  gradient: { table: Int32Array<ArrayBuffer>; mlp: Float32Array<ArrayBuffer> },
) {
  const { queue } = t.gpu.device;
  queue.writeBuffer(s.groups[0].gradient, 0, gradient.table);
  queue.writeBuffer(s.groups[1].gradient, 0, gradient.mlp);
  s.adam.begin(step, rates);
  await t.run((pass) => s.adam.update(pass));
  return s.adam.readStats(t.readback);
}

const norm = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));
const decoded = (table: Int32Array) => Float64Array.from(table, (g, i) => g * quantumOf(i));

test('several steps match the reference, and the statistics are those of the gradient', async () => {
  const s = setUp();
  for (let step = 1; step <= 5; step++) {
    const gradient = gradients(step);
    const table = decoded(gradient.table);
    adam(s.states.table, table, step, { ...options, rate: rates.table });
    adam(s.states.mlp, gradient.mlp, step, { ...options, rate: rates.mlp });
    const stats = await update(s, step, gradient);
    expect(stats.nonFinite).toBe(0);
    expect(stats.saturations).toBe(0);
    expect(stats.norms.table! / norm(table)).toBeCloseTo(1, 5);
    expect(stats.norms.mlp! / norm(gradient.mlp)).toBeCloseTo(1, 5);
  }
  for (const group of s.groups) {
    const state = s.states[group.name];
    const moved = (values: ArrayLike<number>, start: number) =>
      Array.from(values, (value, i) => value - draws(words, start)[i]!);
    const start = group.name === 'table' ? 401 : 402;
    const values = await t.readback.floats(group.values, words);
    expect(relativeError(moved(values, start), moved(state.values, start))).toBeLessThan(1e-4);
    const cleared = await t.readback.words(group.gradient, words);
    expect(cleared.every((word) => word === 0)).toBe(true);
  }
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])(
  'a gradient of %d changes nothing but is cleared',
  async (bad) => {
    const s = setUp();
    await update(s, 1, gradients(1));
    const before = await everything(s);
    const gradient = gradients(2);
    gradient.mlp[501] = bad;
    gradient.mlp[777] = bad;
    const stats = await update(s, 2, gradient);
    expect(stats.nonFinite).toBe(2);
    expect(await everything(s)).toEqual(before);
    for (const group of s.groups) {
      const cleared = await t.readback.words(group.gradient, words);
      expect(cleared.every((word) => word === 0)).toBe(true);
    }
  },
);

test('an infinite unit counts as a gradient that is not finite', async () => {
  const s = setUp();
  const before = await everything(s);
  t.gpu.device.queue.writeBuffer(
    s.groups[0].quanta,
    4,
    new Float32Array([Number.POSITIVE_INFINITY]),
  );
  const stats = await update(s, 1, gradients(1));
  expect(stats.nonFinite).toBeGreaterThan(0);
  expect(await everything(s)).toEqual(before);
});

test('sums that left their range are counted', async () => {
  const s = setUp();
  const gradient = gradients(1);
  gradient.table.set([2 ** 31 - 1, -(2 ** 31), 3 * 2 ** 29 + 1, 3 * 2 ** 29], 100);
  expect((await update(s, 1, gradient)).saturations).toBe(3);
});

test('a restored optimiser goes on as the one it was copied from', async () => {
  const one = setUp();
  await update(one, 1, gradients(1));
  const two = setUp();
  two.adam.restore(await one.adam.snapshot(t.readback));
  for (const [i, group] of two.groups.entries()) {
    const values = await t.readback.floats(one.groups[i]!.values, words);
    t.gpu.device.queue.writeBuffer(group.values, 0, values as Float32Array<ArrayBuffer>);
  }
  await update(one, 2, gradients(2));
  await update(two, 2, gradients(2));
  expect(await everything(two)).toEqual(await everything(one));
  expect(() => two.adam.restore({})).toThrow(/table\.first_moment/);
});

test('a missing rate and a ragged segment are refused by name', () => {
  const { groups, adam } = setUp();
  expect(() => adam.begin(1, { table: 1 })).toThrow(/'mlp'/);
  const ragged = { ...groups[1], segments: [{ first: 0, words: 10 }] };
  expect(() => new Adam(t.gpu, [ragged])).toThrow(/'mlp'/);
});

async function everything(s: ReturnType<typeof setUp>) {
  const values = await Promise.all(s.groups.map(({ values }) => t.readback.words(values, words)));
  return { values, moments: await s.adam.snapshot(t.readback) };
}
