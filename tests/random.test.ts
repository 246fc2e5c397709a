import { beforeAll, expect, test } from 'vitest';
import library from '../shaders/lib/random.wgsl';
import { normal, pcg4d, uniform } from '../src/random';
import { openTestGpu, type TestGpu } from './gpu';

const code = `${library}
@group(0) @binding(0) var<storage, read_write> integers: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> reals: array<vec2f>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let counter = vec4u(7u, 3u, 4000000000u, id.x);
  integers[id.x] = pcg4d(counter);
  reals[id.x] = vec2f(random_uniform(counter), random_normal(counter));
}`;

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

test('WGSL and TypeScript draw the same numbers', async () => {
  const count = 4096;
  const integers = t.arena.allocate('integers', count * 4);
  const reals = t.arena.allocate('reals', count * 2);
  const main = t.shader('random', code).bind('main', { integers, reals });
  await t.run((pass) => main.record(pass, count / 64));
  const drawn = await t.readback.words(integers);
  const floats = await t.readback.floats(reals);
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < count; i++) {
    expect([...drawn.subarray(4 * i, 4 * i + 4)]).toEqual(pcg4d([7, 3, 4000000000, i]));
    expect(floats[2 * i]).toBe(uniform(7, 3, 4000000000, i));
    expect(floats[2 * i + 1]).toBeCloseTo(normal(7, 3, 4000000000, i), 4);
    sum += floats[2 * i + 1]!;
    squares += floats[2 * i + 1]! ** 2;
  }
  expect(Math.abs(sum / count)).toBeLessThan(0.06);
  expect(squares / count).toBeCloseTo(1, 1);
});
