import { expect, test } from 'vitest';
import { eased, moved, type OrbitBounds } from '../../src/viewer/orbit';

const bounds: OrbitBounds = { elevation: [-60, 85], distance: [1.5, 7] };
const start = { azimuth: 350, elevation: 20, distance: 3 };

test('the object follows the pointer: right turns the camera left, down raises it', () => {
  const orbit = moved(start, { drag: [0.1, 0.1], zoom: 1 }, bounds);
  expect(orbit.azimuth).toBeCloseTo(330);
  expect(orbit.elevation).toBeCloseTo(40);
  expect(orbit.distance).toBe(3);
});

test('a full turn is a turn: the azimuth has no end', () => {
  expect(moved(start, { drag: [-2, 0], zoom: 1 }, bounds).azimuth).toBeCloseTo(750);
});

test.each([
  [[0, 9], 1, { elevation: 85 }],
  [[0, -9], 1, { elevation: -60 }],
  [[0, 0], 100, { distance: 7 }],
  [[0, 0], 0.01, { distance: 1.5 }],
] as const)('drag %j and zoom %f stay within bounds', (drag, zoom, expected) => {
  expect(moved(start, { drag, zoom }, bounds)).toMatchObject(expected);
});

test('the way left halves in every half-life, however the time is cut', () => {
  const target = { azimuth: 390, elevation: 40, distance: 4 };
  const once = eased(start, target, 0.1, 0.1);
  expect(once).toEqual({ azimuth: 370, elevation: 30, distance: 3.5 });
  const twice = eased(eased(start, target, 0.04, 0.1), target, 0.06, 0.1);
  for (const key of ['azimuth', 'elevation', 'distance'] as const) {
    expect(twice[key]).toBeCloseTo(once[key], 9);
  }
});

test('it arrives: after long enough the orbit is the target itself', () => {
  const target = { azimuth: 351, elevation: 20, distance: 3 };
  expect(eased(start, target, 10, 0.1)).toBe(target);
  expect(eased(start, target, 0, 0.1)).not.toBe(target);
});
