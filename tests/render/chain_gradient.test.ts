import { beforeAll, expect, test } from 'vitest';
import { Field } from '../../src/field/field';
import { uniform } from '../../src/random';
import { orbitCamera } from '../../src/render/camera';
import { Renderer } from '../../src/render/renderer';
import { openTestGpu, type TestGpu } from '../gpu';
import { cosine, halfStep, toHalfStep } from '../points';

const size = { views: 2, width: 7, height: 5, samplesPerRay: 48, raysPerPixel: 16 };
const words = 4 * size.views * size.width * size.height;
const frame = {
  cameras: [40, 220].map((azimuth) =>
    orbitCamera({ azimuth, elevation: 15, distance: 3.07, fovy: 40 }),
  ),
  seed: 2,
  step: 0,
};
const viewGradients = Float32Array.from({ length: words }, (_, i) => uniform(3, 0, 0, i) - 0.3);

let t: TestGpu;
let field: Field;
let renderer: Renderer;
beforeAll(async () => {
  t = await openTestGpu();
  // Nothing in reach that is not smooth: no early stop, every cell occupied, fixed jitter.
  field = new Field(
    t.gpu,
    { levels: 4, log2TableSize: 10, minResolution: 4, maxResolution: 12, hidden: 16, blobScale: 1 },
    7,
  );
  renderer = new Renderer(t.gpu, field, { ...size, earlyStop: 0, occupancyResolution: 16 });
  renderer.begin(frame);
  const { queue } = t.gpu.device;
  // A table as large as training makes it, so that features reach through the perceptron, and of values
  // that f16, which it is read in, holds exactly.
  const { table, mlp } = await field.snapshot(t.readback);
  field.restore({ table: table.map((x) => toHalfStep(3000 * x)), mlp });
  queue.writeBuffer(renderer.viewGradients, 0, viewGradients);
});

async function loss(): Promise<number> {
  await t.run((_, work) => renderer.forward(work));
  const views = await t.readback.floats(renderer.views, words);
  return views.reduce((sum, x, i) => sum + x * viewGradients[i]!, 0);
}

/** Gradients of all parameters by the backward pass, as numbers. */
async function backward(): Promise<Record<string, Float64Array>> {
  const encoder = t.gpu.device.createCommandEncoder();
  for (const { gradient } of field.parameters) encoder.clearBuffer(gradient);
  t.gpu.device.queue.submit([encoder.finish()]);
  await t.run((_, work) => {
    renderer.forward(work);
    renderer.backward(work);
  });
  const gradients: Record<string, Float64Array> = {};
  for (const group of field.parameters) {
    const raw = await t.readback.read(group.gradient);
    const fixed = 'quanta' in group;
    const quanta = fixed ? await t.readback.floats(group.quanta) : [1];
    const counted = fixed ? new Int32Array(raw) : new Float32Array(raw);
    const values = new Float64Array(counted.length);
    group.segments.forEach(({ first, words }, segment) => {
      for (let i = first; i < first + words; i++) values[i] = counted[i]! * quanta[segment]!;
    });
    gradients[group.name] = values;
  }
  return gradients;
}

test.each([
  ['table', 16 * halfStep],
  ['mlp', 0.005],
] as const)('d loss / d %s through the whole chain is its finite difference', async (name, h) => {
  const analytic = (await backward())[name]!;
  const parameters = await field.snapshot(t.readback);
  // The parameters of largest gradient, and others that have any.
  const moved = [...analytic.keys()].filter((i) => analytic[i] !== 0);
  moved.sort((a, b) => Math.abs(analytic[b]!) - Math.abs(analytic[a]!));
  const chosen = [
    ...moved.slice(0, 24),
    ...moved.filter((_, i) => i % Math.ceil(moved.length / 24) === 7),
  ];
  const numeric: number[] = [];
  for (const i of chosen) {
    const at = async (shift: number) => {
      const values = parameters[name].slice();
      values[i]! += shift;
      field.restore({ ...parameters, [name]: values });
      return loss();
    };
    numeric.push(((await at(h)) - (await at(-h))) / (2 * h));
  }
  field.restore(parameters);
  expect(chosen.length).toBeGreaterThan(40);
  const expected = chosen.map((i) => analytic[i]!);
  expect(cosine(expected, numeric)).toBeGreaterThan(0.9999);
  expect(Math.hypot(...expected) / Math.hypot(...numeric)).toBeCloseTo(1, 2);
});

test('two backward passes of one frame are equal bit for bit', async () => {
  expect(await backward()).toEqual(await backward());
});
