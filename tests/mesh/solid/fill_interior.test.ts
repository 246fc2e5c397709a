import { expect, test } from 'vitest';
import { fillInterior } from '../../../src/mesh/solid/fill_interior';
import { grid, within } from '../../reference/marching_cubes_shapes';

const level = 20;
/** Two cells of this are opaque at all sizes below. */
const hard = 200;

test.each([17, 32])('what a box encloses becomes solid, its outside stays (%d)', (resolution) => {
  const hollow = grid(resolution, (...p) => (within(0.7, ...p) && !within(0.35, ...p) ? hard : 0));
  const solid = grid(resolution, (...p) => (within(0.7, ...p) ? 1 : 0));
  const filled = fillInterior(hollow, resolution, level);
  expect(hollow.some((sigma, i) => sigma === 0 && solid[i] === 1)).toBe(true);
  filled.forEach((sigma, i) => {
    expect(sigma > level).toBe(solid[i] === 1);
  });
});

test('a cup stays open', () => {
  const cup = grid(33, (x, y, z) =>
    within(0.7, x, y, z) && !(within(0.35, x, z) && y > -0.35) ? hard : 0,
  );
  expect(fillInterior(cup, 33, level)).toEqual(cup);
});

test('a lampshade over a wide foot stays hollow', () => {
  const lamp = grid(33, (x, y, z) => {
    const shade = within(0.6, x, z) && y > 0.2 && !(within(0.4, x, z) && y < 0.45);
    const foot = within(0.6, x, z) && y < -0.7;
    return shade || foot ? hard : 0;
  });
  expect(fillInterior(lamp, 33, level)).toEqual(lamp);
});

test('a tunnel is closed where no direction sees into it', () => {
  // In along x, then a bend, then on along z.
  const tunnelled = grid(33, (x, y, z) => {
    const entrance = within(0.1, y, z) && x > -0.1;
    const beyond = within(0.1, x, y) && z > -0.5 && z < 0.1;
    return within(0.8, x, y, z) && !entrance && !beyond ? hard : 0;
  });
  const filled = fillInterior(tunnelled, 33, level);
  const at = (x: number, y: number, z: number) =>
    filled[[z, y, x].reduce((index, p) => 33 * index + Math.round(16 * (p + 1)), 0)]!;
  expect(at(0.5, 0, 0)).toBe(0);
  expect(at(0, 0, -0.4)).toBeGreaterThan(level);
});

test('what shines through a thin shell stays as it is', () => {
  const mist = grid(21, (...p) => (within(0.5, ...p) && !within(0.3, ...p) ? 3 : 0));
  expect(fillInterior(mist, 21, level)).toEqual(mist);
  const empty = new Float32Array(5 ** 3);
  expect(fillInterior(empty, 5, level)).toEqual(empty);
});
