import { beforeAll, expect, test } from 'vitest';
import { Field } from '../../src/field/field';
import { Adam } from '../../src/optim/adam';
import { readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint';
import { openTestGpu, type TestGpu } from '../gpu';
import { draws, halfDraws } from '../points';
import { fromHalf, fromHalves, isRounding, largestHalf } from '../reference/half';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

const options = { levels: 3, log2TableSize: 10, maxResolution: 32 };
const newField = (seed: number) => new Field(t.gpu, options, seed);

/** The table of a field, and what the field reads in its place: bits and values. */
async function tableOf(field: Field) {
  const [group] = field.parameters;
  const table = (await field.snapshot(t.readback)).table;
  const bits = await t.readback.words(group.halves, table.length / 2);
  return { table, bits, read: fromHalves(bits) };
}

const isCopy = ({ table, read }: Awaited<ReturnType<typeof tableOf>>) =>
  table.length === read.length && table.every((value, i) => isRounding(read[i]!, value));

test('a new field reads the rounding of its table', async () => {
  const first = await tableOf(newField(1));
  expect(isCopy(first)).toBe(true);
  expect(first.read.filter((value) => value !== 0).length).toBeGreaterThan(first.read.length / 4);
  expect((await tableOf(newField(2))).bits).not.toEqual(first.bits);
});

test('values that are set are rounded, those that f16 holds exactly kept, those beyond it clamped', async () => {
  const field = newField(1);
  const { table, mlp } = await field.snapshot(t.readback);
  const exact = halfDraws(table!.length, 702);
  field.restore({ table: exact, mlp });
  expect(Float32Array.from((await tableOf(field)).read)).toEqual(exact);

  // Magnitudes from 2^-20 to 2^24.
  const signs = draws(table!.length, 703);
  const values = draws(table!.length, 704, -20, 24).map((e, i) => Math.sign(signs[i]!) * 2 ** e);
  values.set([1e9, -1e9, largestHalf, 65519, 65520, -70000]);
  field.restore({ table: values, mlp });
  const found = await tableOf(field);
  expect(found.table).toEqual(values);
  expect(isCopy(found)).toBe(true);
  const most = [largestHalf, -largestHalf, largestHalf, largestHalf, largestHalf, -largestHalf];
  expect([...found.read.subarray(0, 6)]).toEqual(most);
});

test('after updates the copy is that of the table, and of a field that loads its checkpoint', async () => {
  const field = newField(1);
  const [group] = field.parameters;
  const adam = new Adam(t.gpu, field.parameters);
  const before = await tableOf(field);
  const { queue } = t.gpu.device;
  queue.writeBuffer(group.quanta, 0, new Float32Array(options.levels).fill(2 ** -20));
  const update = async (step: number) => {
    // Blocks of entries that no gradient reaches stay as they are.
    const gradient = draws(before.table.length, 710 + step).map((g, i) => (i % 64 < 20 ? 0 : g));
    queue.writeBuffer(
      group.gradient,
      0,
      Int32Array.from(gradient, (g) => g * 2 ** 20),
    );
    adam.begin(step, { table: 0.01, mlp: 0.01 });
    await t.run((pass) => adam.update(pass));
  };
  for (let step = 1; step <= 4; step++) await update(step);
  const after = await tableOf(field);
  expect(isCopy(after)).toBe(true);
  const moved = after.bits.filter((word, i) => word !== before.bits[i]).length;
  expect(moved / after.bits.length).toBeGreaterThan(0.6);
  expect(moved / after.bits.length).toBeLessThan(0.75);

  const loaded = newField(2);
  const { tensors } = readCheckpoint(writeCheckpoint(await field.snapshot(t.readback)));
  loaded.restore(tensors);
  expect(await tableOf(loaded)).toEqual(after);

  // An update that is skipped leaves the copy, too.
  queue.writeBuffer(group.quanta, 0, Float32Array.of(Number.POSITIVE_INFINITY));
  await update(5);
  expect(await tableOf(field)).toEqual(after);
});

test('the reference decodes f16', () => {
  const bits = [0x0000, 0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x3555, 0x7c00];
  const values = [0, 1, -2, largestHalf, 2 ** -14, 2 ** -24, 0.333251953125, Infinity];
  expect(bits.map(fromHalf)).toEqual(values);
  expect(isRounding(0.333251953125, 1 / 3)).toBe(true);
  expect(isRounding(0.33349609375, 1 / 3)).toBe(true);
  expect(isRounding(0.3330078125, 1 / 3)).toBe(false);
  expect(isRounding(0, 0.001)).toBe(false);
});
