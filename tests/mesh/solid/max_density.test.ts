import { expect, test } from 'vitest';
import { gridMaxDensity } from '../../../src/mesh/solid/max_density';
import { orbitCamera } from '../../../src/render/camera';
import { grid, type Shape } from '../../reference/marching_cubes_shapes';

/** Fog that grows denser towards the middle: every level has its own radius. */
const fog: Shape = (x, y, z) => 10 * Math.max(0, 1 - Math.hypot(x, y, z));

test('the greatest density of a ray is the one where it passes the centre closest', () => {
  const camera = orbitCamera({ azimuth: 0, elevation: 20, distance: 3.07, fovy: 40 });
  const greatest = gridMaxDensity(grid(65, fog), 65, { cameras: [camera], width: 32, height: 32 });
  const tangent = Math.tan(Math.PI / 9);
  for (const [row, column] of [
    [16, 16],
    [16, 22],
    [5, 16],
    [10, 20],
  ] as const) {
    const x = ((2 * column + 1) / 32 - 1) * tangent;
    const y = (1 - (2 * row + 1) / 32) * tangent;
    const nearest = 3.07 * Math.sin(Math.atan(Math.hypot(x, y)));
    expect(greatest[row * 32 + column]).toBeGreaterThan(10 * (1 - nearest) - 0.35);
    expect(greatest[row * 32 + column]).toBeLessThan(10 * (1 - nearest) + 0.35);
  }
  expect(greatest[0]).toBe(0);
});

test('rows go down and columns right: a dot above and right of the centre', () => {
  const dot: Shape = (x, y) => (x > 0.3 && y > 0.3 ? 1 : 0);
  const camera = orbitCamera({ azimuth: 0, elevation: 0, distance: 3.07, fovy: 40 });
  const greatest = gridMaxDensity(grid(33, dot), 33, { cameras: [camera], width: 16, height: 8 });
  for (let i = 0; i < 8; i++) {
    for (let j = 0; j < 16; j++) {
      if (greatest[16 * i + j]! > 0) expect([i < 4, j > 7]).toEqual([true, true]);
    }
  }
  expect(greatest[16 * 2 + 10]).toBe(1);
});
