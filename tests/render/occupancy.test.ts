import { beforeAll, describe, expect, test } from 'vitest';
import { ballCells, Occupancy } from '../../src/render/occupancy';
import { readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint';
import { analyticField } from '../analytic_field';
import { openTestGpu, type TestGpu } from '../gpu';
import { cellPoint, cellsOf, decayed, occupiedCells, touchesBall } from '../reference/occupancy';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

/** A dense core that thins out, off the centre: twin of `sigma`. */
const body =
  'return vec4f(0.0, 0.0, 0.0, max(0.0, 6.0 - 12.0 * distance(p, vec3f(0.3, -0.1, 0.0))));';
const sigma = ([x, y, z]: number[]) => Math.max(0, 6 - 12 * Math.hypot(x! - 0.3, y! + 0.1, z!));

/** Whether the bits of all cells that touch the ball are set. */
function full(bits: Uint32Array, resolution: number): boolean {
  const occupied = cellsOf(bits, resolution);
  return ballCells(resolution).every((cell) => occupied[cell]);
}

test.each([5, 16, 32, 33])('cells of resolution %d that touch the ball', (resolution) => {
  const expected = Array.from({ length: resolution ** 3 }, (_, cell) => cell).filter((cell) =>
    touchesBall(
      cell % resolution,
      Math.floor(cell / resolution) % resolution,
      Math.floor(cell / resolution ** 2),
      resolution,
    ),
  );
  expect([...ballCells(resolution)]).toEqual(expected);
});

test('before the first update every cell is occupied', async () => {
  const occupancy = new Occupancy(t.gpu, analyticField(t, body), { resolution: 16, threshold: 1 });
  expect(full(await t.readback.words(occupancy.bits), 16)).toBe(true);
  occupancy.dispose();
});

test.each([5, 32, 33])(
  'resolution %d: a restriction clears all other cells, until an update',
  async (resolution) => {
    const field = analyticField(t, body);
    const occupancy = new Occupancy(t.gpu, field, { resolution, threshold: 0.5 });
    const update = async (step: number) => {
      occupancy.begin(9, step);
      await t.run((pass) => occupancy.update(pass));
      return cellsOf(await t.readback.words(occupancy.bits), resolution);
    };
    const before = await update(0);
    const stays = Uint8Array.from(before, (_, cell) => cell % 3 && 1);
    await occupancy.restrict(t.readback, stays);
    const after = cellsOf(await t.readback.words(occupancy.bits), resolution);
    expect(after).toEqual(before.map((occupied, cell) => occupied && stays[cell] === 1));
    expect(after).not.toEqual(before);
    expect(await update(0)).toEqual(before);
    occupancy.dispose();
  },
);

describe.each([8, 32, 45])('resolution %d', (resolution) => {
  test('three updates decay, rise, mark and dilate as in the reference', async () => {
    const field = analyticField(t, body);
    const occupancy = new Occupancy(t.gpu, field, { resolution, threshold: 0.5, decay: 0.9 });
    const cells = ballCells(resolution);
    const density = new Map<number, number>();
    for (const step of [0, 8, 16]) {
      occupancy.begin(9, step);
      await t.run((pass) => occupancy.update(pass));
      for (const cell of cells) {
        const found = sigma(cellPoint(cell, resolution, 9, step));
        density.set(cell, decayed(density.get(cell) ?? 0, found, 0.9));
      }
    }
    const snapshot = await occupancy.snapshot(t.readback);
    const errors = [...cells].map((cell, i) => Math.abs(snapshot.density[i]! - density.get(cell)!));
    expect(Math.max(...errors)).toBeLessThan(1e-4);
    // The bits follow from the densities that the kernel found: no rounding decides a cell.
    const found = new Map([...cells].map((cell, i) => [cell, snapshot.density[i]!]));
    const expected = occupiedCells(
      (x, y, z) => found.get((z * resolution + y) * resolution + x) ?? 0,
      resolution,
      cells.length,
      0.5,
    );
    expect(cellsOf(snapshot.bits, resolution)).toEqual(expected);
    expect(expected).toContain(true);
    expect(expected).toContain(false);
    occupancy.dispose();
  });
});

test('an empty field empties the grid; a field that turns dense fills it again', async () => {
  const words = 16 * 16;
  const empty = analyticField(t, 'return vec4f(0.0);');
  const dense = analyticField(t, 'return vec4f(0.0, 0.0, 0.0, 5.0);');
  const emptied = new Occupancy(t.gpu, empty, { resolution: 16, threshold: 0.5 });
  await t.run((pass) => emptied.update(pass));
  const snapshot = await emptied.snapshot(t.readback);
  expect(snapshot.bits.slice(0, words).every((word) => word === 0)).toBe(true);
  const filled = new Occupancy(t.gpu, dense, { resolution: 16, threshold: 0.5 });
  filled.restore(snapshot);
  await t.run((pass) => filled.update(pass));
  const { bits } = await filled.snapshot(t.readback);
  expect(full(bits, 16)).toBe(true);
  emptied.dispose();
  filled.dispose();
});

test('fog as thin everywhere is not skipped', async () => {
  const fog = analyticField(t, 'return vec4f(0.0, 0.0, 0.0, 0.01);');
  const occupancy = new Occupancy(t.gpu, fog, { resolution: 16, threshold: 0.5 });
  await t.run((pass) => occupancy.update(pass));
  const { bits } = await occupancy.snapshot(t.readback);
  expect(cellsOf(bits, 16)[(8 * 16 + 8) * 16 + 8]).toBe(true);
  occupancy.dispose();
});

test('a restored grid goes on as the saved one', async () => {
  const make = () =>
    new Occupancy(t.gpu, analyticField(t, body), { resolution: 16, threshold: 0.5 });
  const [first, second] = [make(), make()];
  const update = async (occupancy: Occupancy, step: number) => {
    occupancy.begin(1, step);
    await t.run((pass) => occupancy.update(pass));
  };
  await update(first, 0);
  second.restore(await first.snapshot(t.readback));
  await update(first, 8);
  await update(second, 8);
  expect(await second.snapshot(t.readback)).toEqual(await first.snapshot(t.readback));
  const other = new Occupancy(t.gpu, analyticField(t, body), { resolution: 8, threshold: 0.5 });
  const saved = await first.snapshot(t.readback);
  expect(() => other.restore(saved)).toThrow(/grid of resolution 8 takes 'density'/);
  for (const occupancy of [first, second, other]) occupancy.dispose();
});

test('a grid restored from the tensors of a checkpoint has the same bits', async () => {
  const make = () =>
    new Occupancy(t.gpu, analyticField(t, body), { resolution: 16, threshold: 0.5 });
  const [saved, loaded] = [make(), make()];
  await t.run((pass) => saved.update(pass));
  const snapshot = await saved.snapshot(t.readback);
  const { tensors } = readCheckpoint(writeCheckpoint(snapshot));
  expect(tensors).toEqual(snapshot);
  loaded.restore(tensors);
  expect(await loaded.snapshot(t.readback)).toEqual(snapshot);
  // The same numbers as floats have other bits.
  const floats = { ...tensors, bits: Float32Array.from(snapshot.bits) };
  expect(() => loaded.restore(floats)).toThrow(/'bits' as U32 \[256\], and the snapshot has F32/);
  for (const occupancy of [saved, loaded]) occupancy.dispose();
});
