import { expect, test } from 'vitest';
import { blurredSolidity, surfaceSolidity } from '../../../src/mesh/solid/blur_solidity';
import { EmptyFieldError } from '../../../src/mesh/solid/iso';
import { grid, within } from '../../reference/marching_cubes_shapes';
import { refusal } from '../../refusal';

const level = 20;
const dense = 1e4;

/** The values along the x axis through the middle. */
const middleRow = (values: Float32Array, resolution: number) => {
  const half = (resolution - 1) / 2;
  const start = (half * resolution + half) * resolution;
  return values.subarray(start, start + resolution);
};

test('a half space keeps its face', () => {
  const resolution = 65;
  // Half way between two grid points.
  const face = 1 / 64;
  const blurred = blurredSolidity(
    grid(resolution, (x) => (x < face ? dense : 0)),
    resolution,
    level,
    0.1,
  );
  const row = middleRow(blurred, resolution);
  const beyond = row.findIndex((value, i) => i > 0 && value < surfaceSolidity);
  const [inner, outer] = [row[beyond - 1]!, row[beyond]!];
  const crossing = (beyond - 1 + (inner - surfaceSolidity) / (inner - outer)) / 32 - 1;
  expect(Math.abs(crossing - face)).toBeLessThan(0.02);
});

test('bumps of the grid go', () => {
  const resolution = 33;
  const bumpy = grid(resolution, (x, y, z) =>
    x < (Math.round(16 * (y + z)) % 2 === 0 ? 1 / 16 : -1 / 16) ? dense : 0,
  );
  const blurred = blurredSolidity(bumpy, resolution, level, 0.15);
  const roughness = (values: Float32Array) => {
    const [even, odd] = [0, 1].map((y) => (16 * resolution + 16 + y) * resolution + 16);
    return Math.abs(values[even!]! - values[odd!]!);
  };
  expect(roughness(bumpy)).toBeGreaterThan(level);
  expect(roughness(blurred)).toBeLessThan(0.01);
});

test.each([0.5, 1, 2])(
  'a slab %d deviations thick stays, about as wide as the blur',
  (thickness) => {
    const deviation = 0.2;
    const half = (thickness * deviation) / 2;
    const slab = grid(129, (x) => (Math.abs(x) <= half ? dense : 0));
    const row = middleRow(blurredSolidity(slab, 129, level, deviation), 129);
    const width = row.filter((value) => value > surfaceSolidity).length / 64;
    expect(width).toBeGreaterThan(Math.max(thickness, 2) * deviation * 0.8);
    expect(width).toBeLessThan(Math.max(thickness, 2.35) * deviation * 1.25);
  },
);

test('a leg stays joined to its seat', () => {
  const chair = grid(65, (x, y, z) =>
    (within(0.6, x, z) && y > 0.2 && y < 0.6) || (within(0.065, x, z) && y > -0.7 && y < 0.4)
      ? dense
      : 0,
  );
  const blurred = blurredSolidity(chair, 65, level, 0.08);
  const column = Array.from({ length: 65 }, (_, y) => blurred[(32 * 65 + y) * 65 + 32]!);
  // From y = -0.6 up to the seat's middle.
  for (let y = 13; y < 45; y++) expect(column[y]!).toBeGreaterThan(surfaceSolidity);
});

test('what is hardly solid vanishes', () => {
  const deviation = 0.2;
  const thread = grid(65, (x, y) => (within(0.02, x, y) ? dense : 0));
  expect(() => blurredSolidity(thread, 65, level, deviation)).toThrow(EmptyFieldError);
});

test('the border stays empty, so that meshes close', () => {
  const full = new Float32Array(9 ** 3).fill(dense);
  const blurred = blurredSolidity(full, 9, level, 0.2);
  blurred.forEach((value, i) => {
    const place = [i % 9, Math.floor(i / 9) % 9, Math.floor(i / 81)];
    if (place.some((p) => p === 0 || p === 8)) expect(value).toBe(0);
  });
});

test('a field too thin is refused with the remedy', async () => {
  const empty = new Float32Array(5 ** 3);
  expect(await refusal(() => blurredSolidity(empty, 5, level, 0.1))).toMatch(
    /blurred over 0.10, nothing solid is left.*smaller mesh.blur/,
  );
});
