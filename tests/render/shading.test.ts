import { beforeAll, describe, expect, test } from 'vitest';
import { uniform } from '../../src/random';
import { type Camera, orbitCamera, ringCameras } from '../../src/render/camera';
import { Shading, tapStride } from '../../src/render/shading';
import { shadingModes } from '../../src/render/shading_mode';
import { renderStill, type StillOptions } from '../../src/render/still';
import { analyticField } from '../analytic_field';
import { openTestGpu, type TestGpu } from '../gpu';
import { cameraRay, dot, type Vec3 } from '../reference/camera';
import { shade } from '../reference/shading';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

const orbit = { elevation: 20, distance: 3.07, fovy: 40 };
const shadedModes = shadingModes.filter((mode) => mode !== 'unlit');

/** Opacities from none to all, distances across the ball. */
function scene(cameras: readonly Camera[], width: number, height: number) {
  const plane = width * height;
  const draw = (stream: number, i: number) => uniform(5, stream, plane, i);
  const views = new Float32Array(4 * plane * cameras.length);
  for (let i = 0; i < plane * cameras.length; i++) {
    const red = Math.floor(i / plane) * 4 * plane + (i % plane);
    const alpha = draw(0, i) < 0.3 ? 0 : draw(1, i);
    for (let c = 0; c < 3; c++) views[red + c * plane] = alpha * draw(2 + c, i);
    views[red + 3 * plane] = alpha;
  }
  const distances = Float32Array.from({ length: plane * cameras.length }, (_, i) =>
    views[Math.floor(i / plane) * 4 * plane + 3 * plane + (i % plane)] === 0
      ? 0
      : 2.1 + 2 * draw(6, i),
  );
  return { cameras, width, height, views, distances };
}

/** One pixel, odd, and two views of so many rows that taps are not neighbours. */
const sizes = [
  [1, 1, 1],
  [1, 7, 5],
  [2, 33, 205],
] as const;

describe.each(shadedModes)('%s', (mode) => {
  test.each(sizes)('%i views of %i x %i are those of the f64 reference', async (...size) => {
    const [count, width, height] = size;
    const input = scene(ringCameras(count, orbit), width, height);
    const source = {
      views: t.arena.upload('views', input.views),
      depth: t.arena.upload('depth', input.distances),
    };
    const shading = new Shading(t.gpu, source, { mode, views: count, width, height });
    shading.begin(input.cameras);
    await t.run((pass) => shading.forward(pass));
    const expected = shade({ ...input, stride: tapStride(height) }, mode);
    const found = await t.readback.floats(shading.views, expected.length);
    const errors = found.map((value, i) => Math.abs(value - expected[i]!));
    expect(Math.max(...errors)).toBeLessThan(1e-4);
    shading.dispose();
  });
});

test('what a normal is taken from is a share of the view', () => {
  expect([1, 96, 192, 1024].map(tapStride)).toEqual([1, 1, 2, 11]);
});

const radius = 0.7;
/** A ball with a boundary that is about as soft as a trained field's. */
const ball = `return vec4f(0.8, 0.4, 0.2, 300.0 / (1.0 + exp((length(p) - ${radius}) / 0.01)));`;

const still = (body: string, options: Omit<StillOptions, 'samplesPerRay'>) =>
  renderStill(t.gpu, analyticField(t, body), { samplesPerRay: 128, ...options });

/** What a ball of `radius` looks like from `camera`: for each pixel that sees it the place, its distance, how squarely. */
function* seen(camera: Camera, size: number) {
  for (let pixel = 0; pixel < size * size; pixel++) {
    const { origin, direction } = cameraRay(
      camera,
      (pixel % size) + 0.5,
      Math.floor(pixel / size) + 0.5,
      size,
      size,
    );
    const middle = dot(origin, direction);
    const inside = middle ** 2 - dot(origin, origin) + radius ** 2;
    if (inside <= 0) continue;
    const distance = -middle - Math.sqrt(inside);
    const normal = direction.map((d, i) => (origin[i]! + distance * d) / radius) as unknown as Vec3;
    yield { pixel, distance, normal, facing: -dot(normal, direction) };
  }
}

const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;

test('normals of a ball are its radii: within 4 degrees on average, 1.8 where it is seen squarely', async () => {
  const camera = orbitCamera({ ...orbit, azimuth: 40 });
  const size = 61;
  const views = await still(ball, { cameras: [camera], size, shading: 'normals' });
  const errors: { facing: number; degrees: number }[] = [];
  for (const { pixel, normal, facing } of seen(camera, size)) {
    const [x, y, z, alpha] = [0, 1, 2, 3].map((c) => views[c * size * size + pixel]!);
    const found = [x!, y!, z!].map((c) => (2 * c) / alpha! - 1) as unknown as Vec3;
    expect(Math.hypot(...found)).toBeCloseTo(1, 4);
    errors.push({ facing, degrees: (180 / Math.PI) * Math.acos(Math.min(1, dot(found, normal))) });
  }
  const off = (least: number) =>
    errors.flatMap(({ facing, degrees }) => (facing >= least ? [degrees] : []));
  expect(errors.length).toBeGreaterThan(1000);
  expect(mean(off(0))).toBeLessThan(4);
  expect(mean(off(0.7))).toBeLessThan(1.8);
  expect(Math.max(...off(0.7))).toBeLessThan(3.5);
});

test('depth of a ball is its distance, near bright', async () => {
  const camera = orbitCamera({ ...orbit, azimuth: 200 });
  const size = 33;
  const views = await still(ball, { cameras: [camera], size, shading: 'depth' });
  const errors: number[] = [];
  for (const { pixel, distance } of seen(camera, size)) {
    const nearness = views[pixel]! / views[3 * size * size + pixel]!;
    errors.push(Math.abs(orbit.distance + 1 - 2 * nearness - distance));
  }
  expect(errors.length).toBeGreaterThan(300);
  expect(mean(errors)).toBeLessThan(0.04);
  expect(Math.max(...errors)).toBeLessThan(0.12);
});

test('a plane across the ball through its centre is of middling depth all over', async () => {
  const size = 33;
  const wall = 'return vec4f(1.0, 1.0, 1.0, select(0.0, 500.0, p.z < 0.0));';
  const camera = orbitCamera({ azimuth: 0, elevation: 0, distance: 3.07, fovy: 20 });
  const views = await still(wall, { cameras: [camera], size, shading: 'depth' });
  for (let i = 0; i < size * size; i++) {
    const { direction } = cameraRay(
      camera,
      (i % size) + 0.5,
      Math.floor(i / size) + 0.5,
      size,
      size,
    );
    const distance = -3.07 / direction[2];
    expect(views[3 * size * size + i]).toBeGreaterThan(0.99);
    expect(Math.abs(views[i]! - (4.07 - distance) / 2)).toBeLessThan(0.01);
  }
});

test('light comes over the left shoulder, wherever the camera stands', async () => {
  const size = 32;
  const cameras = ringCameras(3, orbit);
  const [unlit, lit] = [
    await still(ball, { cameras, size }),
    await still(ball, { cameras, size, shading: 'lit' }),
  ];
  const share = (view: number, row: number, column: number, channel: number) => {
    const at = ((view * 4 + channel) * size + row) * size + column;
    return lit[at]! / unlit[at]!;
  };
  for (const view of [0, 1, 2]) {
    expect(share(view, 10, 12, 0)).toBeGreaterThan(0.95);
    expect(share(view, 22, 20, 0)).toBeLessThan(0.75);
    expect(share(view, 22, 20, 1)).toBeCloseTo(share(view, 22, 20, 0), 5);
    expect(share(view, 10, 12, 3)).toBe(1);
  }
});

/** Nothing, fog without a slope, and densities whose squares do not fit f32. */
describe.each([
  ['empty', '0.0'],
  ['level', '4.0'],
  ['steep', 'select(0.0, 1e30, length(p) < 0.5)'],
])('a field that is %s', (name, density) => {
  test.each(shadedModes)('is finite as %s', async (shading) => {
    const cameras = [
      orbitCamera({ ...orbit, azimuth: 10 }),
      orbitCamera({ ...orbit, azimuth: 0, distance: 0.5 }),
    ];
    const views = await still(`return vec4f(1.0, 1.0, 1.0, ${density});`, {
      cameras,
      size: 19,
      shading,
    });
    expect(views.every((value) => value >= 0 && value <= 1 + 1e-5)).toBe(true);
    const background = shading === 'opacity' ? 361 * cameras.length : 0;
    if (name === 'empty') expect(views.reduce((sum, value) => sum + value, 0)).toBe(background);
    else expect(views[9 * 19 + 9]).toBeGreaterThan(0.1);
  });
});
