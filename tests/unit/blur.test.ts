import { expect, test } from 'vitest';
import { blurredSolid, solidLevel } from '../../src/mesh/blur';
import { EmptyFieldError } from '../../src/mesh/iso';

const level = 20;
const dense = 1e4;

function grid(resolution: number, sigma: (x: number, y: number, z: number) => number) {
  const at = (i: number) => (2 * i) / (resolution - 1) - 1;
  return Float32Array.from({ length: resolution ** 3 }, (_, i) =>
    sigma(
      at(i % resolution),
      at(Math.floor(i / resolution) % resolution),
      at(Math.floor(i / resolution ** 2)),
    ),
  );
}

/** The values along the x axis through the middle. */
const middleRow = (values: Float32Array, resolution: number) => {
  const half = (resolution - 1) / 2;
  const start = (half * resolution + half) * resolution;
  return values.subarray(start, start + resolution);
};

test('a half space keeps its face, as the integral of the Gaussian', () => {
  const resolution = 65;
  const deviation = 0.1;
  // Face half way between two grid points.
  const face = 1 / 64;
  const blurred = blurredSolid(
    grid(resolution, (x) => (x < face ? dense : 0)),
    resolution,
    level,
    deviation,
  );
  const row = middleRow(blurred, resolution);
  for (let i = 20; i < 45; i++) {
    const away = (i / 32 - 1 - face) / deviation;
    expect(row[i]!).toBeCloseTo(normalBeyond(away), 2);
  }
});

/** The standard normal's mass beyond t, by the trapezium rule. */
function normalBeyond(t: number): number {
  const density = (s: number) => Math.exp(-0.5 * s * s) / Math.sqrt(2 * Math.PI);
  const step = 1e-3;
  let sum = 0;
  for (let s = t; s < 8; s += step) sum += (step / 2) * (density(s) + density(s + step));
  return sum;
}

test('bumps of the grid go', () => {
  const resolution = 33;
  const bumpy = grid(resolution, (x, y, z) =>
    x < (Math.round(16 * (y + z)) % 2 === 0 ? 1 / 16 : -1 / 16) ? dense : 0,
  );
  const blurred = blurredSolid(bumpy, resolution, level, 0.15);
  const roughness = (values: Float32Array) => {
    const [even, odd] = [0, 1].map((y) => (16 * resolution + 16 + y) * resolution + 16);
    return Math.abs(values[even!]! - values[odd!]!);
  };
  expect(roughness(bumpy)).toBeGreaterThan(level);
  expect(roughness(blurred)).toBeLessThan(0.01);
});

test.each([
  [1.2, false],
  [1.5, true],
])('a slab %d deviations thick stays: %j', (thickness, stays) => {
  const deviation = 0.2;
  const half = (thickness * deviation) / 2;
  const slab = grid(129, (x) => (Math.abs(x) <= half ? dense : 0));
  if (stays) {
    const row = middleRow(blurredSolid(slab, 129, level, deviation), 129);
    expect(row[64]!).toBeGreaterThan(solidLevel);
  } else {
    expect(() => blurredSolid(slab, 129, level, deviation)).toThrow(EmptyFieldError);
  }
});

test('the border stays empty, so that meshes close', () => {
  const full = new Float32Array(9 ** 3).fill(dense);
  const blurred = blurredSolid(full, 9, level, 0.2);
  blurred.forEach((value, i) => {
    const place = [i % 9, Math.floor(i / 9) % 9, Math.floor(i / 81)];
    if (place.some((p) => p === 0 || p === 8)) expect(value).toBe(0);
  });
});

test('a field too thin is refused with the remedy', () => {
  expect(() => blurredSolid(new Float32Array(5 ** 3), 5, level, 0.1)).toThrow(
    /blurred over 0.10, nothing solid is left.*smaller mesh.blur/,
  );
});
