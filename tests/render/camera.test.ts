import { expect, test } from 'vitest';
import { fittingDistance, orbitCamera, stepCameras } from '../../src/render/camera';
import { ballInterval, cameraRay } from '../reference/camera';

const column = (c2w: Float32Array, i: number) => [c2w[i]!, c2w[4 + i]!, c2w[8 + i]!];
const range = {
  elevation: [-10, 40],
  distance: 3.07,
  fovy: 40,
  azimuth_offsets: [0, 90, 180, 270],
} as const;

test.each([
  [0, 0, [0, 0, 2]],
  [90, 0, [2, 0, 0]],
  [180, 0, [0, 0, -2]],
  [270, 0, [-2, 0, 0]],
  [0, 30, [0, 1, Math.sqrt(3)]],
])('azimuth %d, elevation %d stands at %j', (azimuth, elevation, position) => {
  const { c2w } = orbitCamera({ azimuth, elevation, distance: 2, fovy: 40 });
  column(c2w, 3).forEach((x, i) => {
    expect(x).toBeCloseTo(position[i]!, 6);
  });
});

test('axes are orthonormal and right-handed, back points away from the origin, up is up', () => {
  for (const [azimuth, elevation] of [
    [13, -10],
    [200, 40],
    [359, 89],
  ]) {
    const { c2w } = orbitCamera({
      azimuth: azimuth!,
      elevation: elevation!,
      distance: 3,
      fovy: 40,
    });
    const [right, up, back, position] = [0, 1, 2, 3].map((i) => column(c2w, i)) as number[][];
    const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
    expect(dot(right!, up!)).toBeCloseTo(0, 6);
    expect(dot(up!, back!)).toBeCloseTo(0, 6);
    expect(dot(up!, up!)).toBeCloseTo(1, 6);
    expect(dot(back!, position!)).toBeCloseTo(3, 5);
    expect(right![1]! * up![2]! - right![2]! * up![1]!).toBeCloseTo(back![0]!, 6);
    expect(up![1]!).toBeGreaterThan(0);
    expect([...c2w.slice(12)]).toEqual([0, 0, 0, 1]);
  }
});

test('the centre of a view looks at the origin; column 0 is left, row 0 is above', () => {
  const camera = orbitCamera({ azimuth: 0, elevation: 0, distance: 3, fovy: 40 });
  const centre = cameraRay(camera, 4, 4, 8, 8);
  expect(ballInterval(centre)).toEqual({ near: 2, far: 4 });
  expect(cameraRay(camera, 0, 4, 8, 8).direction[0]).toBeLessThan(0);
  expect(cameraRay(camera, 4, 0, 8, 8).direction[1]).toBeGreaterThan(0);
});

test('the edges of a view are half the field of view away from its centre', () => {
  const camera = orbitCamera({ azimuth: 0, elevation: 0, distance: 3, fovy: 40 });
  const { direction } = cameraRay(camera, 4, 0, 8, 8);
  expect((Math.atan2(direction[1], -direction[2]) * 180) / Math.PI).toBeCloseTo(20, 5);
  const wide = cameraRay(camera, 16, 4, 16, 8).direction;
  expect(wide[0] / -wide[2]).toBeCloseTo(2 * Math.tan((20 * Math.PI) / 180), 5);
});

test('a ray that misses the ball, and one that starts inside it', () => {
  expect(ballInterval({ origin: [0, 2, 2], direction: [0, 0, -1] })).toEqual({ near: 0, far: 0 });
  expect(ballInterval({ origin: [0, 0, 0], direction: [0, 0, -1] })).toEqual({ near: 0, far: 1 });
  const behind = ballInterval({ origin: [0, 0, 3], direction: [0, 0, 1] });
  expect(behind.near).toBe(behind.far);
});

test('a fitted sphere touches the edge of the view', () => {
  const distance = fittingDistance(40, 1.05);
  expect(distance).toBeCloseTo(3.07, 2);
  expect(Math.asin(1.05 / distance)).toBeCloseTo((20 * Math.PI) / 180, 10);
});

test('cameras of a step share an elevation, stand at the offsets and depend on seed and step alone', () => {
  const cameras = stepCameras(range, 5, 17);
  expect(cameras).toEqual(stepCameras(range, 5, 17));
  expect(cameras).not.toEqual(stepCameras(range, 5, 18));
  expect(cameras).not.toEqual(stepCameras(range, 6, 17));
  const azimuths = cameras.map(({ c2w }) => (Math.atan2(c2w[3]!, c2w[11]!) * 180) / Math.PI);
  azimuths.forEach((azimuth, i) => {
    expect((azimuth - azimuths[0]! + 720) % 360).toBeCloseTo(range.azimuth_offsets[i]!, 3);
    expect(cameras[i]!.c2w[7]).toBe(cameras[0]!.c2w[7]);
  });
});

test('drawn elevations fill the range, azimuths the circle', () => {
  const drawn = Array.from({ length: 500 }, (_, step) => stepCameras(range, 0, step)[0]!.c2w);
  const elevations = drawn.map((c2w) => (Math.asin(c2w[7]! / range.distance) * 180) / Math.PI);
  expect(Math.min(...elevations)).toBeGreaterThan(-10.001);
  expect(Math.min(...elevations)).toBeLessThan(-8);
  expect(Math.max(...elevations)).toBeLessThan(40.001);
  expect(Math.max(...elevations)).toBeGreaterThan(38);
  const quadrants = drawn.map((c2w) => (c2w[3]! > 0 ? 1 : 0) + (c2w[11]! > 0 ? 2 : 0));
  for (const quadrant of [0, 1, 2, 3]) {
    const share = quadrants.filter((q) => q === quadrant).length / drawn.length;
    expect(Math.abs(share - 0.25)).toBeLessThan(0.06);
  }
});
