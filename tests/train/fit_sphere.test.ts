import { expect, test } from 'vitest';
import { Field } from '../../src/field/field';
import { Adam } from '../../src/optim/adam';
import { type Camera, orbitCamera, stepCameras } from '../../src/render/camera';
import { Renderer } from '../../src/render/renderer';
import { analyticField } from '../analytic_field';
import { openTestGpu } from '../gpu';

const size = { views: 4, width: 32, height: 32, samplesPerRay: 48 };
const words = 4 * 4 * 32 * 32;
const steps = 80;
const range = {
  elevation: [-10, 40],
  distance: 3.07,
  fovy: 40,
  azimuth_offsets: [0, 90, 180, 270],
} as const;

/** A sphere off the centre, its colour a function of the direction, with a bar through it. */
const target = `
  let arm = p - vec3f(0.1, -0.1, 0.0);
  if length(arm) < 0.55 { return vec4f(0.5 + 0.5 * normalize(arm), 60.0); }
  let bar = max(abs(p.x), abs(p.z)) < 0.12 && abs(p.y) < 0.85;
  return vec4f(0.9, 0.6, 0.1, select(0.0, 60.0, bar));`;

/** d/dviews of half the squared distance. */
const squaredError = `
@group(0) @binding(0) var<storage, read> views: array<f32>;
@group(0) @binding(1) var<storage, read> wanted: array<f32>;
@group(0) @binding(2) var<storage, read_write> gradients: array<f32>;
@compute @workgroup_size(64)
fn residual(@builtin(global_invocation_id) id: vec3u) {
  gradients[id.x] = views[id.x] - wanted[id.x];
}`;

test('a field fits the views of a coloured object, seen from elsewhere too', async () => {
  const t = await openTestGpu();
  const field = new Field(t.gpu, { blobScale: 10, blobStd: 0.7 }, 1);
  const renderer = new Renderer(t.gpu, field, { ...size, occupancyResolution: 32 });
  const teacher = new Renderer(t.gpu, analyticField(t, target), {
    ...size,
    raysPerPixel: 4,
    gradient: false,
  });
  const adam = new Adam(t.gpu, field.parameters);
  const { views, viewGradients: gradients } = renderer;
  const residual = t
    .shader('squaredError', squaredError)
    .bind('residual', { views, wanted: teacher.views, gradients });

  const psnr = async (cameras: Camera[]) => {
    for (const each of [renderer, teacher])
      each.begin({ cameras, seed: 0, step: 0, jitter: false });
    await t.run((_, work) => {
      renderer.forward(work);
      teacher.forward(work);
    });
    const [seen, wanted] = [
      await t.readback.floats(views, words),
      await t.readback.floats(teacher.views, words),
    ];
    const mean = seen.reduce((sum, x, i) => sum + (x - wanted[i]!) ** 2, 0) / words;
    return -10 * Math.log10(mean);
  };
  const heldOut = [20, 115, 200, 310].map((azimuth) =>
    orbitCamera({ azimuth, elevation: 12, distance: 3.07, fovy: 40 }),
  );

  const before = await psnr(heldOut);
  for (let step = 0; step < steps; step++) {
    const cameras = stepCameras(range, 3, step);
    for (const each of [renderer, teacher]) each.begin({ cameras, seed: 3, step });
    const rate = 0.02 * 0.1 ** (step / steps);
    adam.begin(step + 1, { table: rate, mlp: rate });
    await t.run((_, work) => {
      if (step % 8 === 0) renderer.updateOccupancy(work.pass);
      renderer.forward(work);
      teacher.forward(work);
      residual.record(work.pass, words / 64);
      renderer.backward(work);
      adam.update(work.pass);
    });
  }
  const { nonFinite, saturations } = await adam.readStats(t.readback);
  expect([nonFinite, saturations]).toEqual([0, 0]);
  const after = await psnr(heldOut);
  expect(before).toBeLessThan(16);
  expect(after).toBeGreaterThan(25);
});
