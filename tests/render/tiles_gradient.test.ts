import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Field } from '../../src/field/field';
import type { Gpu } from '../../src/gpu/device';
import { Submission, type Work } from '../../src/gpu/submission';
import { uniform } from '../../src/random';
import { orbitCamera } from '../../src/render/camera';
import { Renderer, type RendererOptions, type RenderFrame } from '../../src/render/renderer';
import { openTestGpu, type TestGpu } from '../gpu';
import { relativeError } from '../points';

const size = { views: 2, width: 13, height: 11, samplesPerRay: 48, raysPerPixel: 4 };
const words = 4 * size.views * size.width * size.height;
const frame: RenderFrame = {
  cameras: [40, 220].map((azimuth) =>
    orbitCamera({ azimuth, elevation: 15, distance: 3.07, fovy: 40 }),
  ),
  seed: 2,
  step: 7,
  regularisers: { sparsity: 0.1, opaque: 0.2, nearness: 0.3 },
};
const viewGradients = Float32Array.from({ length: words }, (_, i) => uniform(3, 0, 0, i) - 0.3);

let t: TestGpu;
let field: Field;
beforeAll(async () => {
  t = await openTestGpu();
  field = new Field(
    t.gpu,
    { levels: 5, log2TableSize: 10, minResolution: 4, maxResolution: 20, hidden: 16, blobScale: 3 },
    7,
  );
  const { table, mlp } = await field.snapshot(t.readback);
  field.restore({ table: table.map((x) => 3000 * x), mlp });
});
afterAll(() => field.dispose());

/** Work in parts, or all of it in one submit. */
type Submitting = 'parts' | 'whole';

/** One frame forward and back: views, depth, and the gradients as their bits. */
async function frameOf(
  options: Partial<RendererOptions>,
  drawn: RenderFrame = frame,
  gpu = t.gpu,
  submitting: Submitting = 'parts',
) {
  const renderer = new Renderer(gpu, field, { ...size, occupancyResolution: 16, ...options });
  renderer.begin(drawn);
  t.gpu.device.queue.writeBuffer(renderer.viewGradients, 0, viewGradients);
  const encoder = t.gpu.device.createCommandEncoder();
  for (const { gradient } of field.parameters) encoder.clearBuffer(gradient);
  t.gpu.device.queue.submit([encoder.finish()]);
  let splits = 0;
  await t.run((pass, work) => {
    renderer.updateOccupancy(pass);
    const counted: Work = {
      get pass() {
        return work.pass;
      },
      split() {
        splits++;
        if (submitting === 'parts') work.split();
      },
    };
    renderer.forward(counted);
    renderer.backward(counted);
  });
  const [table, mlp] = field.parameters;
  const found = {
    views: await t.readback.floats(renderer.views, words),
    depth: await t.readback.floats(renderer.depth, words / 4),
    quanta: await t.readback.floats(table.quanta, table.segments.length),
    table: new Int32Array(await t.readback.read(table.gradient)),
    mlp: await t.readback.floats(mlp.gradient, mlp.segments[0].words),
    capacity: renderer.capacity,
    demand: [...(await t.readback.words(renderer.demand, 2))],
    splits,
  };
  renderer.dispose();
  return found;
}

/** The device as it would be if it bound no more than `bytes`. */
const limited = (gpu: Gpu, bytes: number): Gpu => ({
  ...gpu,
  device: new Proxy(gpu.device, {
    get(device, name) {
      if (name === 'limits') {
        return new Proxy(device.limits, {
          get: (limits, limit) =>
            limit === 'maxStorageBufferBindingSize' ? bytes : Reflect.get(limits, limit),
        });
      }
      const value = Reflect.get(device, name);
      return typeof value === 'function' ? value.bind(device) : value;
    },
  }),
});

const steps = size.views * size.width * size.height * size.raysPerPixel * size.samplesPerRay;

describe.each<[string, () => ReturnType<typeof frameOf>]>([
  ['a small tile was asked for', () => frameOf({ tilePoints: 4000 })],
  ['the adapter binds little', () => frameOf({}, frame, limited(t.gpu, 2 ** 19))],
  ['a tile is of one chunk of rays', () => frameOf({ tilePoints: 1 })],
])('in tiles, as %s', (_, tiled) => {
  test('views are those of one pass bit for bit, gradients to 1e-6', async () => {
    const [whole, found] = [await frameOf({}), await tiled()];
    expect(found.capacity).toBeLessThan(steps / 2);
    expect(found.views).toEqual(whole.views);
    expect(found.depth).toEqual(whole.depth);
    expect(Math.max(...whole.views)).toBeGreaterThan(0.1);
    expect(found.quanta).toEqual(whole.quanta);
    expect(relativeError(found.mlp, whole.mlp)).toBeLessThan(1e-6);
    expect(relativeError(found.table, whole.table)).toBeLessThan(1e-6);
    expect(Math.hypot(...whole.table)).toBeGreaterThan(0);
  });

  test('twice are equal bit for bit', async () => {
    expect(await tiled()).toEqual(await tiled());
  });

  test('no ray was cut', async () => {
    const { demand, capacity } = await tiled();
    expect(demand[1]).toBeLessThanOrEqual(capacity);
    expect(demand[1]).toBeGreaterThan(0);
  });
});

test('a frame with fewer rays a pixel is that of a renderer with so many', async () => {
  const few = await frameOf({ raysPerPixel: 4 });
  const drawn = { ...frame, raysPerPixel: 4 };
  for (const options of [{ raysPerPixel: 16 }, { raysPerPixel: 16, tilePoints: 9000 }]) {
    const found = await frameOf(options, drawn);
    expect(found.views).toEqual(few.views);
    expect(relativeError(found.mlp, few.mlp)).toBeLessThan(1e-6);
    expect(relativeError(found.table, few.table)).toBeLessThan(1e-6);
  }
  await expect(frameOf({ raysPerPixel: 6 }, drawn)).rejects.toThrow(/4 rays a pixel do not divide/);
});

test('tiles are submitted one by one, bit for bit as all in one', async () => {
  const options = { tilePoints: 4000 };
  const [parts, whole] = [await frameOf(options), await frameOf(options, frame, t.gpu, 'whole')];
  expect(parts).toEqual(whole);
  const tiles = Math.ceil(steps / parts.capacity);
  expect(tiles).toBeGreaterThan(10);
  // Once for the views, twice for the gradients.
  expect(parts.splits).toBe(3 * tiles);
  expect((await frameOf({})).splits).toBe(0);
});

test('a submission goes to the queue in as many submits as it has parts', () => {
  const submitted: string[][] = [];
  let commands: string[] = [];
  const encoder = {
    beginComputePass: () => {
      commands.push('pass');
      return { end: () => commands.push('end') };
    },
    finish: () => commands,
  };
  const device = {
    createCommandEncoder: () => {
      commands = [];
      return encoder;
    },
    queue: { submit: ([buffer]: string[][]) => submitted.push(buffer!) },
  };
  const work = new Submission({ device } as unknown as Gpu, 'test');
  work.submit();
  expect(work.pass).toBe(work.pass);
  work.split();
  work.split();
  expect(work.pass).toBe(work.pass);
  expect(work.encoder).toBe(encoder);
  work.submit();
  expect(submitted).toEqual([
    ['pass', 'end'],
    ['pass', 'end'],
  ]);
});
