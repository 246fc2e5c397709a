import { expect, test } from 'vitest';
import {
  EmptyFieldError,
  isoLevel,
  opacityLevel,
  rayPeaks,
  silhouetteLevel,
} from '../../src/mesh/iso';
import { orbitCamera } from '../../src/render/camera';
import { grid, type Shape } from '../reference/marching_cubes_shapes';

/** Fog that grows denser towards the middle: every level has its own radius. */
const fog: Shape = (x, y, z) => 10 * Math.max(0, 1 - Math.hypot(x, y, z));
const size = { width: 32, height: 32 };
const cameras = [0, 90, 180, 270].map((azimuth) =>
  orbitCamera({ azimuth, elevation: 20, distance: 3.07, fovy: 40 }),
);

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

test('the peak of a ray is the density where it passes the centre closest', () => {
  const peaks = rayPeaks(grid(65, fog), 65, { cameras: cameras.slice(0, 1), ...size });
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
    expect(peaks[row * 32 + column]).toBeGreaterThan(10 * (1 - nearest) - 0.35);
    expect(peaks[row * 32 + column]).toBeLessThan(10 * (1 - nearest) + 0.35);
  }
  expect(peaks[0]).toBe(0);
});

test('rows go down and columns right: a dot above and right of the centre', () => {
  const dot: Shape = (x, y) => (x > 0.3 && y > 0.3 ? 1 : 0);
  const camera = orbitCamera({ azimuth: 0, elevation: 0, distance: 3.07, fovy: 40 });
  const peaks = rayPeaks(grid(33, dot), 33, { cameras: [camera], width: 16, height: 8 });
  for (let i = 0; i < 8; i++) {
    for (let j = 0; j < 16; j++) {
      if (peaks[16 * i + j]! > 0) expect([i < 4, j > 7]).toEqual([true, true]);
    }
  }
  expect(peaks[16 * 2 + 10]).toBe(1);
});

test('silhouettes find the level whose outline they are', () => {
  const density = grid(65, fog);
  const peaks = rayPeaks(density, 65, { cameras, ...size });
  for (const level of [2, 5, 8]) {
    const alpha = peaks.map((peak) => (peak > level ? 0.9 : 0.1));
    const found = isoLevel(
      { silhouettes: { views: viewsOf(alpha), cameras, ...size } },
      density,
      65,
    );
    expect(Math.abs(found - level)).toBeLessThan(0.5);
    expect(peaks.map((peak) => (peak > found ? 0.9 : 0.1))).toEqual(alpha);
  }
});

test('soft silhouettes weigh pixels by their alpha', () => {
  // Union with the third pixel: (0.9 + 0.8 + 0.2) / 3 < (0.9 + 0.8) / (2 + 0.2).
  expect(silhouetteLevel(Float32Array.of(1, 3, 2), Float32Array.of(0.2, 0.9, 0.8))).toBe(1.5);
  expect(silhouetteLevel(Float32Array.of(1, 3, 2), Float32Array.of(0.9, 0.9, 0.8))).toBe(0.5);
  expect(silhouetteLevel(Float32Array.of(1, 3, 2), new Float32Array(3))).toBe(Infinity);
});

test('an empty field is an error that says what to do', () => {
  const density = grid(9, fog);
  expect(isoLevel({ opacity: 0.5, length: 0.1 }, density, 9)).toBeCloseTo(6.93, 2);
  expect(() => isoLevel(20, density, 9)).toThrow(EmptyFieldError);
  expect(() => isoLevel(20, density, 9)).toThrow(
    /The field is empty: its density reaches 10.0, so iso-level 20.0 gives no surface/,
  );
  const silhouettes = { views: viewsOf(new Float32Array(4 * 1024)), cameras, ...size };
  expect(() => isoLevel({ silhouettes }, density, 9)).toThrow(EmptyFieldError);
});

test('refuses rules without meaning', () => {
  const density = grid(9, fog);
  expect(() => isoLevel(0, density, 9)).toThrow(/positive density, not 0/);
  expect(() => isoLevel(Number.NaN, density, 9)).toThrow(/positive density/);
  const silhouettes = { views: new Float32Array(7), cameras, ...size };
  expect(() => isoLevel({ silhouettes }, density, 9)).toThrow(/need 16384 values, not 7/);
});
