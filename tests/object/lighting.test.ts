import { expect, test } from 'vitest';
import { lit } from '../../src/object/lighting';
import { rasterise } from '../../src/object/rasterise';
import { objectViews } from '../../src/object/views';
import { orbitCamera } from '../../src/render/camera';
import { meshOf, square } from './shapes';

const camera = (azimuth: number) => orbitCamera({ azimuth, elevation: 0, distance: 3, fovy: 40 });
const white = meshOf(square(2));

/** Brightness of a white wall that looks at the camera from `azimuth`, at its middle. */
function brightness(azimuth: number, direction: readonly number[], ambient = 0.6): number {
  const raster = rasterise(white, camera(azimuth), 9, 9);
  const { rgba } = lit(raster, white, camera(azimuth), { direction, ambient });
  expect(rgba[4 * 40 + 3]).toBe(255);
  return rgba[4 * 40]! / 255;
}

test('a face that looks at the light is as bright as its colour, one turned away as ambient says', () => {
  expect(brightness(0, [0, 0, 2])).toBe(1);
  expect(brightness(0, [0, 0, -2])).toBeCloseTo(0.6, 2);
  expect(brightness(0, [3, 0, 0])).toBeCloseTo(0.8, 2);
});

test('faces are lit on the side that is seen', () => {
  // The square has no thickness: from behind it is its back that looks at the camera.
  expect(brightness(180, [0, 0, -1])).toBe(1);
  expect(brightness(180, [0, 0, 1])).toBeCloseTo(0.6, 2);
});

test('views of an object have the light that is asked for, and alpha of their own', () => {
  const cameras = [camera(0)];
  const plain = objectViews(white, cameras, 5);
  const seen = objectViews(white, cameras, 5, { direction: [0, 1, 0], ambient: 0.5 });
  expect(seen[12]).toBeCloseTo(0.75 * plain[12]!, 2);
  expect(seen.subarray(75)).toEqual(plain.subarray(75));
});
