import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { objectCells } from '../../../src/mesh/solid/floaters';
import type { SolidityGrid } from '../../../src/mesh/solid/solidity_grid';

type Ball = readonly [x: number, y: number, z: number, radius: number];

/** 10 in balls, 0 elsewhere, on a grid of [-1, 1]^3. */
function balls(resolution: number, list: readonly Ball[]): SolidityGrid {
  const place = (i: number) => -1 + (2 * i) / (resolution - 1);
  const values = Float32Array.from({ length: resolution ** 3 }, (_, at) => {
    const x = place(at % resolution);
    const y = place(Math.floor(at / resolution) % resolution);
    const z = place(Math.floor(at / resolution ** 2));
    return list.some(([a, b, c, r]) => Math.hypot(x - a, y - b, z - c) < r) ? 10 : 0;
  });
  return { values, level: 5 };
}

/** Whether the cell of a point is shown. */
function shown(cells: Uint8Array, count: number, point: readonly [number, number, number]) {
  const [x, y, z] = point.map((p) => Math.floor(((p + 1) / 2) * count));
  return cells[(z! * count + y!) * count + x!] === 1;
}

describe('objectCells', () => {
  const resolution = 65;
  const count = 21;

  test('drops a floater, and what is far from the object', () => {
    const solid = balls(resolution, [
      [-0.3, 0, 0, 0.4],
      [0.7, 0, 0, 0.08],
    ]);
    const cells = objectCells(solid, resolution, count);
    expect(shown(cells, count, [-0.3, 0, 0])).toBe(true);
    expect(shown(cells, count, [0.14, 0, 0])).toBe(true); // its soft edge
    expect(shown(cells, count, [0.7, 0, 0])).toBe(false);
    expect(shown(cells, count, [0.5, 0.5, 0.5])).toBe(false);
  });

  test('keeps parts that are large by themselves', () => {
    const solid = balls(resolution, [
      [-0.4, 0, 0, 0.35],
      [0.5, 0, 0, 0.3],
    ]);
    const cells = objectCells(solid, resolution, count);
    expect(shown(cells, count, [-0.4, 0, 0])).toBe(true);
    expect(shown(cells, count, [0.5, 0, 0])).toBe(true);
  });

  test('shows everything where nothing is solid', () => {
    const empty = objectCells({ values: new Float32Array(7 ** 3), level: 5 }, 7, 4);
    expect(empty).toEqual(new Uint8Array(4 ** 3).fill(1));
  });

  test('never hides the largest part, at any sizes', () => {
    const position = fc.float({ min: Math.fround(-0.6), max: Math.fround(0.6), noNaN: true });
    fc.assert(
      fc.property(
        position,
        position,
        position,
        fc.integer({ min: 9, max: 24 }),
        fc.integer({ min: 2, max: 33 }),
        (x, y, z, points, cellCount) => {
          const solid = balls(points, [
            [x, y, z, 0.35],
            [-0.9, -0.9, -0.9, 0.12],
          ]);
          const cells = objectCells(solid, points, cellCount);
          solid.values.forEach((value, at) => {
            const point = [
              at % points,
              Math.floor(at / points) % points,
              Math.floor(at / points ** 2),
            ].map((i) => -1 + (2 * i) / (points - 1));
            const near = Math.hypot(point[0]! - x, point[1]! - y, point[2]! - z) < 0.35;
            if (!near || value === 0) return;
            const clamped = point.map((p) => Math.min(p, 1 - 1e-9)) as [number, number, number];
            expect(shown(cells, cellCount, clamped)).toBe(true);
          });
        },
      ),
      { numRuns: 30 },
    );
  });
});
