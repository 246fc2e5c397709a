import { expect, test } from 'vitest';
import {
  EmptyFieldError,
  isoLevel,
  opacityLevel,
  silhouetteLevel,
} from '../../../src/mesh/solid/iso';
import { gridMaxDensity } from '../../../src/mesh/solid/max_density';
import { orbitCamera } from '../../../src/render/camera';
import { grid, type Shape } from '../../reference/marching_cubes_shapes';

/** Fog that grows denser towards the middle: every level has its own radius. */
const fog: Shape = (x, y, z) => 10 * Math.max(0, 1 - Math.hypot(x, y, z));
const size = { width: 32, height: 32 };
const cameras = [0, 90, 180, 270].map((azimuth) =>
  orbitCamera({ azimuth, elevation: 20, distance: 3.07, fovy: 40 }),
);

const sourceOf = (shape: Shape) => ({
  values: async (points: Float32Array) =>
    Float32Array.from({ length: (4 * points.length) / 3 }, (_, i) => {
      const at = 3 * Math.floor(i / 4);
      return i % 4 === 3 ? shape(points[at]!, points[at + 1]!, points[at + 2]!) : 0.5;
    }),
});

/** Views of one colour with the given alpha, [V, 4, H, W]. */
function viewsOf(alpha: Float32Array): Float32Array {
  const plane = size.width * size.height;
  const views = new Float32Array(4 * alpha.length).fill(0.3);
  alpha.forEach((value, i) => {
    views[(4 * Math.floor(i / plane) + 3) * plane + (i % plane)] = value;
  });
  return views;
}

test('the level of an opacity over a length', () => {
  const level = opacityLevel(0.5, 0.1);
  expect(1 - Math.exp(-level * 0.1)).toBeCloseTo(0.5, 12);
  expect(() => opacityLevel(1, 0.1)).toThrow(/opacity in \(0, 1\)/);
  expect(() => opacityLevel(0.5, 0)).toThrow(/positive length/);
});

test('silhouettes find the level whose outline they are', async () => {
  const density = grid(65, fog);
  const maxDensity = gridMaxDensity(density, 65, { cameras, ...size });
  for (const level of [2, 5, 8]) {
    const alpha = maxDensity.map((sigma) => (sigma > level ? 0.9 : 0.1));
    const silhouettes = { views: viewsOf(alpha), cameras, ...size };
    const found = await isoLevel({ silhouettes }, sourceOf(fog), density, 65);
    expect(Math.abs(found - level)).toBeLessThan(0.5);
    // The field's own maxima differ from the grid's by what a step leaves out.
    const differing = maxDensity.filter((sigma, i) => sigma > found !== alpha[i]! > 0.5).length;
    expect(differing / maxDensity.length).toBeLessThan(0.01);
  }
});

test('a slat thinner than the cells is matched by the field, where the grid would make it thicker', async () => {
  // Hard: ten e-folds a cell. Its surface at level 20 is 0.06 thick, just under a cell of the grid.
  const [middle, half] = [0.013, [0.6, 0.03, 0.1]];
  const slat: Shape = (x, y, z) =>
    20 *
    Math.exp(-160 * Math.max(...[x, y - middle, z].map((value, i) => Math.abs(value) - half[i]!)));
  const density = grid(33, slat);
  const camera = orbitCamera({ azimuth: 20, elevation: 5, distance: 3.07, fovy: 40 });
  const pixels = { cameras: [camera], width: 64, height: 64 };
  const [position, tangent] = [[3, 7, 11].map((i) => camera.c2w[i]!), Math.tan(Math.PI / 9)];
  const covered = Float32Array.from({ length: 64 * 64 }, (_, pixel) => {
    const right = ((2 * (pixel % 64) + 1) / 64 - 1) * tangent;
    const up = (1 - (2 * Math.floor(pixel / 64) + 1) / 64) * tangent;
    const ends = [0, 1, 2].map((i) => {
      const [r, u, b] = [0, 1, 2].map((k) => camera.c2w[4 * i + k]!);
      const slope = r! * right + u! * up - b!;
      const offset = position[i]! - (i === 1 ? middle : 0);
      return [-half[i]!, half[i]!].map((side) => (side - offset) / slope).sort((p, q) => p - q);
    });
    return Math.max(...ends.map(([near]) => near!)) < Math.min(...ends.map(([, far]) => far!))
      ? 1
      : 0;
  });
  const views = new Float32Array(4 * covered.length);
  views.set(covered, 3 * covered.length);
  const silhouettes = { views, ...pixels };
  const found = await isoLevel({ silhouettes }, sourceOf(slat), density, 33);
  const byGrid = silhouetteLevel(gridMaxDensity(density, 33, pixels), covered);
  /** How far out of place the surface is, in pixels. */
  const off = (level: number) => (Math.log(20 / level) / 160) * (64 / 2.2);
  expect(off(byGrid)).toBeGreaterThan(0.15);
  expect(Math.abs(off(found))).toBeLessThan(0.05);
});

test('soft silhouettes weigh pixels by their alpha', () => {
  // Union with the third pixel: (0.9 + 0.8 + 0.2) / 3 < (0.9 + 0.8) / (2 + 0.2).
  expect(silhouetteLevel(Float32Array.of(1, 3, 2), Float32Array.of(0.2, 0.9, 0.8))).toBe(1.5);
  expect(silhouetteLevel(Float32Array.of(1, 3, 2), Float32Array.of(0.9, 0.9, 0.8))).toBe(0.5);
  expect(silhouetteLevel(Float32Array.of(1, 3, 2), new Float32Array(3))).toBe(Infinity);
});

test('an empty field is an error that says what to do', async () => {
  const density = grid(9, fog);
  const source = sourceOf(fog);
  const byOpacity = await isoLevel({ opacity: 0.5, length: 0.1 }, source, density, 9);
  expect(byOpacity).toBeCloseTo(6.93, 2);
  await expect(isoLevel(20, source, density, 9)).rejects.toThrow(EmptyFieldError);
  await expect(isoLevel(20, source, density, 9)).rejects.toThrow(
    /The field is empty: its density reaches 10.0, so iso-level 20.0 gives no surface/,
  );
  const silhouettes = { views: viewsOf(new Float32Array(4 * 1024)), cameras, ...size };
  await expect(isoLevel({ silhouettes }, source, density, 9)).rejects.toThrow(EmptyFieldError);
});

test('refuses rules without meaning', async () => {
  const density = grid(9, fog);
  const source = sourceOf(fog);
  await expect(isoLevel(0, source, density, 9)).rejects.toThrow(/positive density, not 0/);
  await expect(isoLevel(Number.NaN, source, density, 9)).rejects.toThrow(/positive density/);
  const silhouettes = { views: new Float32Array(7), cameras, ...size };
  await expect(isoLevel({ silhouettes }, source, density, 9)).rejects.toThrow(
    /need 16384 values, not 7/,
  );
});
