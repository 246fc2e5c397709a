import { beforeAll, describe, expect, test } from 'vitest';
import { orbitCamera } from '../../src/render/camera';
import {
  type Frame,
  March,
  type RayShape,
  subpixelGrid,
  tilePixelsFor,
} from '../../src/render/march';
import { openTestGpu, type TestGpu } from '../gpu';
import { march } from '../reference/march';
import { refusal } from '../refusal';

const resolution = 20;
const words = resolution ** 2;

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

const everywhere = () => true;
const nowhere = () => false;
/** About a third of the cells, without structure. */
const scattered = (x: number, y: number, z: number) => (x * 7 + y * 13 + z * 31) % 3 === 0;

function bitsOf(occupied: (x: number, y: number, z: number) => boolean): Uint32Array {
  const bits = new Uint32Array(words);
  for (let row = 0; row < words; row++) {
    for (let x = 0; x < resolution; x++) {
      if (occupied(x, row % resolution, Math.floor(row / resolution))) bits[row]! |= 1 << x;
    }
  }
  return bits;
}

const frameOf = (views: number, jitter = true): Frame => ({
  cameras: Array.from({ length: views }, (_, v) =>
    orbitCamera({ azimuth: 17 + 90 * v, elevation: 25, distance: 3.07, fovy: 40 }),
  ),
  seed: 3,
  step: 11,
  jitter,
});

async function run(
  shape: RayShape,
  frame: Frame,
  occupied: (x: number, y: number, z: number) => boolean,
  capacity: number,
) {
  const bits = t.arena.upload('bits', bitsOf(occupied));
  const marcher = new March(
    t.gpu,
    shape,
    tilePixelsFor(shape, Number.POSITIVE_INFINITY),
    capacity,
    bits,
    resolution,
  );
  marcher.begin(frame);
  await t.run((pass) => marcher.forward(pass));
  const rays = shape.views * shape.width * shape.height * shape.raysPerPixel;
  const found = {
    rayPoints: await t.readback.words(marcher.rayPoints, 2 * rays),
    positions: await t.readback.floats(marcher.points.positions),
    count: [...(await t.readback.words(marcher.points.count))],
    demand: [...(await t.readback.words(marcher.demand, 2))],
  };
  marcher.dispose();
  return found;
}

describe.each<[RayShape]>([
  [{ views: 1, width: 1, height: 1, raysPerPixel: 1, samplesPerRay: 64 }],
  [{ views: 4, width: 7, height: 5, raysPerPixel: 1, samplesPerRay: 33 }],
  [{ views: 1, width: 33, height: 17, raysPerPixel: 4, samplesPerRay: 64 }],
  [{ views: 4, width: 5, height: 7, raysPerPixel: 6, samplesPerRay: 100 }],
])('%j', (shape) => {
  const steps = shape.views * shape.width * shape.height * shape.raysPerPixel * shape.samplesPerRay;

  test.each([
    ['scattered cells', scattered, {}],
    ['all cells', everywhere, {}],
    ['all cells, no jitter', everywhere, { jitter: false }],
    ['rays through the centres of a lattice', everywhere, { lattice: 45 }],
  ])('%s: points as in the reference, packed in ray order', async (_, occupied, places) => {
    const frame = { ...frameOf(shape.views), ...places };
    const { rayPoints, positions, count, demand } = await run(shape, frame, occupied, steps);
    const reference = march(shape, frame, resolution, occupied);
    let offset = 0;
    let sure = 0;
    let error = 0;
    const misplaced: number[] = [];
    reference.forEach(({ samples, close }, ray) => {
      const [first, found] = [rayPoints[2 * ray]!, rayPoints[2 * ray + 1]!];
      if (first !== offset) misplaced.push(ray);
      offset += found;
      if (close) return;
      sure++;
      if (found !== samples.length) misplaced.push(ray);
      samples.forEach(({ position, t }, i) => {
        [...position, t].forEach((x, axis) => {
          error = Math.max(error, Math.abs(positions[4 * (first + i) + axis]! - x));
        });
      });
    });
    expect(misplaced).toEqual([]);
    expect(error).toBeLessThan(4e-6);
    expect(sure).toBeGreaterThan(0.9 * reference.length);
    expect(count).toEqual([offset, Math.ceil(offset / 64), 1, 1]);
    expect(demand).toEqual([offset, offset]);
  });

  test('no cells: no points', async () => {
    const { rayPoints, count } = await run(shape, frameOf(shape.views), nowhere, steps);
    expect(count).toEqual([0, 0, 1, 1]);
    expect(rayPoints.every((word) => word === 0)).toBe(true);
  });

  test('beyond capacity the last rays are cut, and demand says how much was asked for', async () => {
    const full = await run(shape, frameOf(shape.views), everywhere, steps);
    const capacity = Math.floor(full.count[0]! / 2);
    const cut = await run(shape, frameOf(shape.views), everywhere, capacity);
    expect(cut.count).toEqual([capacity, Math.ceil(capacity / 64), 1, 1]);
    expect(cut.demand).toEqual(full.demand);
    expect(cut.positions.slice(0, 4 * capacity)).toEqual(full.positions.slice(0, 4 * capacity));
    for (let ray = 0; ray < cut.rayPoints.length / 2; ray++) {
      const [offset, count] = [full.rayPoints[2 * ray]!, full.rayPoints[2 * ray + 1]!];
      const room = Math.min(count, Math.max(0, capacity - offset));
      expect([...cut.rayPoints.slice(2 * ray, 2 * ray + 2)]).toEqual([
        Math.min(offset, capacity),
        room,
      ]);
    }
  });
});

test('two marches of one frame are equal bit for bit; another step or seed is another march', async () => {
  const shape = { views: 2, width: 9, height: 9, raysPerPixel: 4, samplesPerRay: 48 };
  const frame = frameOf(2);
  const capacity = 2 * 81 * 4 * 48;
  const first = await run(shape, frame, scattered, capacity);
  expect(await run(shape, frame, scattered, capacity)).toEqual(first);
  const later = await run(shape, { ...frame, step: 12 }, scattered, capacity);
  expect(later.positions).not.toEqual(first.positions);
  const other = await run(shape, { ...frame, seed: 4 }, scattered, capacity);
  expect(other.positions).not.toEqual(first.positions);
});

test('a camera inside the ball sees what is in front of it only', async () => {
  const shape = { views: 1, width: 8, height: 8, raysPerPixel: 1, samplesPerRay: 32 };
  const cameras = [orbitCamera({ azimuth: 0, elevation: 0, distance: 0.25, fovy: 60 })];
  const { positions, count } = await run(shape, { cameras, seed: 0, step: 0 }, everywhere, 64 * 32);
  expect(count[0]).toBeGreaterThan(64 * 10);
  for (let i = 0; i < count[0]!; i++) expect(positions[4 * i + 2]).toBeLessThanOrEqual(0.25);
});

test('the rays of a pixel lie in a grid as square as their number allows', () => {
  expect([1, 2, 4, 5, 6, 9, 12, 16].map(subpixelGrid)).toEqual([
    { rows: 1, columns: 1 },
    { rows: 1, columns: 2 },
    { rows: 2, columns: 2 },
    { rows: 1, columns: 5 },
    { rows: 2, columns: 3 },
    { rows: 3, columns: 3 },
    { rows: 3, columns: 4 },
    { rows: 4, columns: 4 },
  ]);
});

test('too many views and too many points are refused by name', async () => {
  const bits = t.arena.upload('bits', bitsOf(everywhere));
  const shape = { views: 129, width: 1, height: 1, raysPerPixel: 1, samplesPerRay: 8 };
  expect(() => new March(t.gpu, shape, 64, 64, bits, resolution)).toThrow(/at most 128 views/);
  const wide = { ...shape, views: 1 };
  const many = () => new March(t.gpu, wide, 64, 2 ** 23, bits, resolution);
  expect(await refusal(many)).toMatch(/room for 8388608 points exceed .* Render fewer/);
  const marcher = new March(t.gpu, wide, 64, 64, bits, resolution);
  expect(() => marcher.begin(frameOf(2))).toThrow(/1 views need as many cameras, not 2/);
  marcher.dispose();
});
