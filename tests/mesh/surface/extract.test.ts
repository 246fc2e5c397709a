import { beforeAll, expect, test } from 'vitest';
import { Field } from '../../../src/field/field';
import { EmptyFieldError } from '../../../src/mesh/solid/iso';
import { extractMesh } from '../../../src/mesh/surface/extract';
import { orbitCamera } from '../../../src/render/camera';
import { Renderer } from '../../../src/render/renderer';
import { analyticField } from '../../analytic_field';
import { openTestGpu, type TestGpu } from '../../gpu';
import { measure } from '../../reference/marching_cubes_shapes';
import { refusal } from '../../refusal';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

/** A ball of radius 0.6, red where x > 0 and blue elsewhere, and a speck. */
const ball = `
  let body = 20.0 * max(0.0, 1.0 + 10.0 * (0.6 - length(p)));
  let speck = select(0.0, 40.0, distance(p, vec3f(0.0, 0.8, 0.0)) < 0.06);
  return vec4f(select(vec3f(0.1, 0.1, 0.9), vec3f(0.9, 0.1, 0.1), p.x > 0.0), max(body, speck));`;

test('one call gives a closed, coloured mesh without floaters', async () => {
  const mesh = await extractMesh(t.gpu, analyticField(t, ball), {
    resolution: 49,
    iso: 20,
    smooth: 3,
  });
  const { positions, indices, normals, colours } = mesh;
  const { unmatched, pinched, euler, area, volume } = measure(positions, indices);
  expect({ unmatched, pinched, euler }).toEqual({ unmatched: 0, pinched: 0, euler: 2 });
  expect(Math.abs(area / (4 * Math.PI * 0.36) - 1)).toBeLessThan(0.02);
  expect(Math.abs(volume / ((4 / 3) * Math.PI * 0.216) - 1)).toBeLessThan(0.02);
  expect(normals.length).toBe(positions.length);
  for (let i = 0; i < positions.length; i += 3) {
    const out = [0, 1, 2].reduce((sum, k) => sum + normals[i + k]! * positions[i + k]!, 0);
    expect(out).toBeGreaterThan(0.55);
    if (Math.abs(positions[i]!) < 0.05) continue;
    expect(colours[i]).toBeCloseTo(positions[i]! > 0 ? 0.9 : 0.1, 5);
    expect(colours[i + 2]).toBeCloseTo(positions[i]! > 0 ? 0.1 : 0.9, 5);
  }
  const again = await extractMesh(t.gpu, analyticField(t, ball), {
    resolution: 49,
    iso: 20,
    smooth: 3,
  });
  expect(again).toEqual(mesh);
});

test('the blob that a field starts as becomes a mesh', async () => {
  const field = new Field(
    t.gpu,
    { levels: 4, log2TableSize: 12, maxResolution: 32, blobScale: 10 },
    1,
  );
  const mesh = await extractMesh(t.gpu, field, { resolution: 33, iso: 3, smooth: 3 });
  const { unmatched, pinched, euler, volume } = measure(mesh.positions, mesh.indices);
  expect({ unmatched, pinched, euler }).toEqual({ unmatched: 0, pinched: 0, euler: 2 });
  // softplus(10 (1 - r / 0.5)) = 3 at r = 0.35.
  expect(Math.cbrt(volume / ((4 / 3) * Math.PI))).toBeCloseTo(0.35, 1);
  field.dispose();
});

test('silhouettes of the renders give the mesh their outline', async () => {
  const fog = analyticField(t, 'return vec4f(vec3f(0.5), 12.0 * max(0.0, 1.0 - length(p) / 0.8));');
  const size = { width: 32, height: 32 };
  const shape = { views: 4, ...size, samplesPerRay: 64, gradient: false };
  const renderer = new Renderer(t.gpu, fog, shape);
  const cameras = [0, 90, 180, 270].map((azimuth) =>
    orbitCamera({ azimuth, elevation: 20, distance: 3.07, fovy: 40 }),
  );
  renderer.begin({ cameras, seed: 0, step: 0, jitter: false });
  await t.run((_, work) => renderer.forward(work));
  const views = await t.readback.floats(renderer.views, 4 * 4 * 32 * 32);
  const silhouettes = { views, cameras, ...size };
  const { positions } = await extractMesh(t.gpu, fog, {
    resolution: 49,
    iso: { silhouettes },
    smooth: 3,
  });
  const radius = positions.reduce((most, x) => Math.max(most, x), 0);
  /** Opacity of the ray that passes the centre at b: the integral of a cone along a chord. */
  const opacity = (b: number) => {
    let depth = 0;
    for (let s = -1; s < 1; s += 1e-3) depth += 12e-3 * Math.max(0, 1 - Math.hypot(s, b) / 0.8);
    return 1 - Math.exp(-depth);
  };
  expect(opacity(radius)).toBeGreaterThan(0.35);
  expect(opacity(radius)).toBeLessThan(0.6);
  renderer.dispose();
});

test('a blurred mesh is closed, as large, and free of bumps', async () => {
  const bumpy = analyticField(
    t,
    'return vec4f(vec3f(0.5), select(0.0, 200.0, length(p) < 0.6 + 0.02 * sin(40.0 * p.x) * sin(40.0 * p.y)));',
  );
  const roughness = async (blur: number) => {
    const mesh = await extractMesh(t.gpu, bumpy, { resolution: 65, iso: 20, blur, smooth: 0 });
    const { unmatched, pinched, volume } = measure(mesh.positions, mesh.indices);
    expect({ unmatched, pinched }).toEqual({ unmatched: 0, pinched: 0 });
    expect(Math.cbrt(volume / ((4 / 3) * Math.PI))).toBeCloseTo(0.6, 1);
    const radii = Array.from({ length: mesh.positions.length / 3 }, (_, i) =>
      Math.hypot(...mesh.positions.subarray(3 * i, 3 * i + 3)),
    );
    const mean = radii.reduce((sum, r) => sum + r, 0) / radii.length;
    return Math.sqrt(radii.reduce((sum, r) => sum + (r - mean) ** 2, 0) / radii.length);
  };
  expect(await roughness(0.06)).toBeLessThan(0.5 * (await roughness(0)));
});

test('an empty field and a grid that is too small or too large are clear errors', async () => {
  const empty = analyticField(t, 'return vec4f(0.0);');
  await expect(extractMesh(t.gpu, empty, { resolution: 9, smooth: 0 })).rejects.toThrow(
    EmptyFieldError,
  );
  await expect(extractMesh(t.gpu, empty, { resolution: 2, smooth: 0 })).rejects.toThrow(
    /from 4 on, not 2/,
  );
  expect(await refusal(extractMesh(t.gpu, empty, { resolution: 2048, smooth: 0 }))).toMatch(
    /smaller size/,
  );
});
