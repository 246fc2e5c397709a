import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Camera, orbitCamera } from '../../src/render/camera';
import { Renderer, type RendererOptions } from '../../src/render/renderer';
import { analyticField } from '../analytic_field';
import { openTestGpu, type TestGpu } from '../gpu';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

const renderers: Renderer[] = [];
afterEach(() => {
  for (const renderer of renderers.splice(0)) renderer.dispose();
});

/**
 * An object without symmetry inside fog-free space: a grey ball with a red knob in front (+z), a green
 * one to the right of the front view (+x), a blue one on top (+y).
 */
const knobs = `
  if (distance(p, vec3f(0.0, 0.0, 0.5)) < 0.25) { return vec4f(1.0, 0.0, 0.0, 80.0); }
  if (distance(p, vec3f(0.5, 0.0, 0.0)) < 0.25) { return vec4f(0.0, 1.0, 0.0, 80.0); }
  if (distance(p, vec3f(0.0, 0.5, 0.0)) < 0.25) { return vec4f(0.0, 0.0, 1.0, 80.0); }
  return vec4f(0.5, 0.5, 0.5, select(0.0, 80.0, length(p) < 0.4));`;

const cameraAt = (azimuth: number, elevation = 0): Camera =>
  orbitCamera({ azimuth, elevation, distance: 3.07, fovy: 40 });
const around = [0, 90, 180, 270].map((azimuth) => cameraAt(azimuth));

function rendererOf(body: string, options: RendererOptions): Renderer {
  const renderer = new Renderer(t.gpu, analyticField(t, body), options);
  renderers.push(renderer);
  return renderer;
}

async function render(renderer: Renderer, cameras: Camera[], jitter = false, step = 0) {
  renderer.begin({ cameras, seed: 1, step, jitter });
  await t.run((_, work) => renderer.forward(work));
  return t.readback.floats(renderer.views);
}

describe('orientation', () => {
  const size = 32;
  let views: Float32Array;
  beforeAll(async () => {
    const renderer = rendererOf(knobs, { views: 4, width: size, height: size, samplesPerRay: 128 });
    views = await render(renderer, around);
  });
  /** RGBA at a row and column, both in [0, 1). */
  const at = (view: number, row: number, column: number) =>
    [0, 1, 2, 3].map((channel) => {
      const [y, x] = [Math.floor(row * size), Math.floor(column * size)];
      return Math.round(views[((view * 4 + channel) * size + y) * size + x]! * 100) / 100;
    });
  const [red, green, blue] = [
    [1, 0, 0, 1],
    [0, 1, 0, 1],
    [0, 0, 1, 1],
  ];

  test('azimuth 0 sees the front, azimuth 90 sees +x', () => {
    expect(at(0, 0.5, 0.5)).toEqual(red);
    expect(at(1, 0.5, 0.5)).toEqual(green);
    expect(at(2, 0.5, 0.5)).toEqual([0.5, 0.5, 0.5, 1]);
    expect(at(3, 0.5, 0.5)).toEqual([0.5, 0.5, 0.5, 1]);
  });

  test('up is row 0', () => {
    for (const view of [0, 1, 2, 3]) {
      expect(at(view, 0.25, 0.5)).toEqual(blue);
      expect(at(view, 0.75, 0.5)).toEqual([0, 0, 0, 0]);
    }
  });

  test('+x is on the right from the front, on the left from the back', () => {
    expect(at(0, 0.5, 0.73)).toEqual(green);
    expect(at(0, 0.5, 0.27)).toEqual([0, 0, 0, 0]);
    expect(at(2, 0.5, 0.27)).toEqual(green);
    expect(at(3, 0.5, 0.73)).toEqual(red);
    expect(at(1, 0.5, 0.27)).toEqual(red);
  });

  test('from above, the top knob is in the middle', async () => {
    const renderer = rendererOf(knobs, { views: 1, width: 8, height: 8, samplesPerRay: 64 });
    const [r, g, b] = [0, 1, 2].map((c) => c * 64 + 4 * 8 + 4);
    const above = await render(renderer, [cameraAt(0, 89)]);
    expect([above[r!], above[g!]]).toEqual([0, 0]);
    expect(above[b!]).toBeGreaterThan(0.99);
  });
});

test('fog of one colour is as bright as its optical depth', async () => {
  const fog = 'return vec4f(0.5, 0.25, 1.0, 0.7);';
  const renderer = rendererOf(fog, { views: 1, width: 1, height: 1, samplesPerRay: 64 });
  const [r, g, b, a] = await render(renderer, [cameraAt(20, 30)]);
  const opacity = 1 - Math.exp(-0.7 * 2);
  expect(a).toBeCloseTo(opacity, 5);
  expect([r, g, b].map((c, i) => c! / opacity - [0.5, 0.25, 1][i]!)).toEqual(
    [0, 0, 0].map(() => expect.closeTo(0, 5)),
  );
});

test('depth is the distance of what is seen', async () => {
  const renderer = rendererOf(knobs, { views: 1, width: 9, height: 9, samplesPerRay: 256 });
  await render(renderer, [cameraAt(0)]);
  const depth = await t.readback.floats(renderer.depth, 81);
  expect(Math.abs(depth[4 * 9 + 4]! - (3.07 - 0.75))).toBeLessThan(0.03);
  expect(depth[0]).toBe(0);
});

test('more rays in a pixel are the mean of a finer image', async () => {
  const options = { views: 1, width: 8, height: 6, samplesPerRay: 64 };
  const camera = [cameraAt(30, 20)];
  const averaged = await render(rendererOf(knobs, { ...options, raysPerPixel: 4 }), camera);
  const fine = await render(rendererOf(knobs, { ...options, width: 16, height: 12 }), camera);
  const mean = Array.from({ length: 4 * 48 }, (_, i) => {
    const [c, y, x] = [Math.floor(i / 48), Math.floor(i / 8) % 6, i % 8];
    const at = (dy: number, dx: number) => fine[(c * 12 + 2 * y + dy) * 16 + 2 * x + dx]!;
    return (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4;
  });
  const error = mean.map((value, i) => Math.abs(value - averaged[i]!));
  expect(Math.max(...error)).toBeLessThan(1e-5);
  expect(Math.max(...mean)).toBeGreaterThan(0.5);
});

test('tiles make the same views as one pass, bit for bit', async () => {
  const options = { views: 2, width: 75, height: 61, samplesPerRay: 100, raysPerPixel: 4 };
  const cameras = [cameraAt(30, 20), cameraAt(200, -5)];
  const whole = rendererOf(knobs, options);
  const tiled = rendererOf(knobs, { ...options, gradient: false });
  expect(tiled.capacity).toBeLessThan(whole.capacity / 2);
  const expected = await render(whole, cameras, true);
  expect(await render(tiled, cameras, true)).toEqual(expected);
  expect(await render(tiled, cameras, true)).toEqual(expected);
});

test('an update of the occupancy leaves the image and drops most points', async () => {
  const options = { views: 4, width: 32, height: 32, samplesPerRay: 64 };
  const renderer = rendererOf(knobs, options);
  const before = await render(renderer, around, true, 5);
  const [asked] = await t.readback.words(renderer.demand, 2);
  await t.run((pass) => renderer.updateOccupancy(pass));
  const after = await render(renderer, around, true, 5);
  const [then, most] = await t.readback.words(renderer.demand, 2);
  expect(after).toEqual(before);
  expect(then! / asked!).toBeLessThan(0.4);
  expect(most).toBe(asked);
});

test('a filled ball that fits the views stays within the default capacity', async () => {
  const renderer = rendererOf('return vec4f(1.0);', {
    views: 4,
    width: 32,
    height: 32,
    samplesPerRay: 64,
  });
  await render(renderer, around, true);
  const [asked] = await t.readback.words(renderer.demand, 2);
  expect(asked).toBeLessThan(renderer.capacity);
  expect(asked).toBeGreaterThan(0.5 * renderer.capacity);
});

test('two renderers share one occupancy grid, which its owner keeps', async () => {
  const options = { views: 1, width: 16, height: 16, samplesPerRay: 64 };
  const owner = rendererOf(knobs, options);
  const preview = new Renderer(t.gpu, analyticField(t, knobs), {
    ...options,
    gradient: false,
    occupancy: owner.occupancy,
  });
  const shown = await render(preview, [cameraAt(0)]);
  preview.dispose();
  expect(await render(owner, [cameraAt(0)])).toEqual(shown);
});

test('a forward-only renderer refuses to go backward', async () => {
  const renderer = rendererOf(knobs, {
    views: 1,
    width: 4,
    height: 4,
    samplesPerRay: 8,
    gradient: false,
  });
  await expect(t.run((_, work) => renderer.backward(work))).rejects.toThrow(/gradient: true/);
});
