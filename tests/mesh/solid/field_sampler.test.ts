import { beforeAll, expect, test } from 'vitest';
import { FieldSampler } from '../../../src/mesh/solid/field_sampler';
import { analyticField } from '../../analytic_field';
import { openTestGpu, type TestGpu } from '../../gpu';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

test.each([2, 5, 18])(
  'the grid holds the density at R = %i, its border nothing',
  async (resolution) => {
    // Slabs of 1000 points end within a row.
    const field = analyticField(
      t,
      'return vec4f(0.0, 0.0, 0.0, 1.0 + p.x + 10.0 * p.y + 100.0 * p.z + 111.0);',
    );
    const sampler = new FieldSampler(t.gpu, field, 1000);
    const density = t.arena.allocate('density', resolution ** 3);
    await sampler.density(density, resolution);
    const values = await t.readback.floats(density, resolution ** 3);
    const last = resolution - 1;
    const at = (i: number) => -1 + (2 * i) / last;
    values.forEach((value, i) => {
      const x = i % resolution;
      const y = Math.floor(i / resolution) % resolution;
      const z = Math.floor(i / resolution ** 2);
      const border = [x, y, z].some((c) => c === 0 || c === last);
      expect(value).toBeCloseTo(border ? 0 : 112 + at(x) + 10 * at(y) + 100 * at(z), 3);
    });
    sampler.dispose();
  },
);

test('a density that is not finite stays out of the grid', async () => {
  const field = analyticField(
    t,
    `let zero = p.x - p.x;
     return vec4f(0.0, 0.0, 0.0, select(select(1.0 / zero, zero / zero, p.y > 0.1), -3.0, p.y < -0.1));`,
  );
  const sampler = new FieldSampler(t.gpu, field);
  const density = t.arena.allocate('density', 5 ** 3);
  await sampler.density(density, 5);
  const values = await t.readback.floats(density, 125);
  expect(values.every((value) => value >= 0 && value <= 1e6)).toBe(true);
  sampler.dispose();
});

test('values come back in the order of the points, slab by slab', async () => {
  const sampler = new FieldSampler(t.gpu, analyticField(t, 'return vec4f(p, 1.0);'), 64);
  const points = Float32Array.from({ length: 3 * 150 }, (_, i) => i / 450);
  const values = await sampler.values(points);
  expect(values.filter((_, i) => i % 4 !== 3)).toEqual(points);
  expect((await sampler.values(new Float32Array(0))).length).toBe(0);
  sampler.dispose();
});
