import { beforeAll, describe, expect, test } from 'vitest';
import { growthOf, type Held, heldByRun } from '../../src/cli/bench_memory';
import { makeSettings, presetOf } from '../../src/settings';
import { openTestEngine } from '../engine';
import { openTestGpu, type TestGpu } from '../gpu';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

const megabyte = 2 ** 20;

describe.each(['sds', 'vsd'] as const)('%s', (method) => {
  test('steps make no buffers that stay; a run frees all of its own', async () => {
    const before = { count: t.gpu.buffers.count, bytes: t.gpu.buffers.bytes };
    const engine = await openTestEngine(t.gpu);
    const settings = makeSettings(presetOf('tiny'), { prompt: 'a chair', method, steps: 20 });
    const run = await engine.createRun(settings);
    const held: Held[] = [];
    for await (const mark of heldByRun(t.gpu, run)) held.push(mark);

    expect(held.map(({ step }) => step)).toEqual([2, 5, 10, 15, 20]);
    for (const { buffers, gpu } of held) {
      expect(buffers).toBe(held[0]!.buffers);
      expect(gpu).toBe(held[0]!.gpu);
      expect(buffers).toBeGreaterThan(before.count);
    }
    expect(growthOf(held)).toMatchObject({ step: 18, buffers: 0, gpu: 0 });
    expect(growthOf(held).heap).toBeLessThan(megabyte);
    expect(growthOf(held).arrays).toBeLessThan(megabyte);

    await run.dispose();
    await engine.dispose();
    expect({ count: t.gpu.buffers.count, bytes: t.gpu.buffers.bytes }).toEqual(before);
  });
});

test('a buffer counts until it is destroyed, once', () => {
  const { buffers } = t.gpu;
  const before = { count: buffers.count, bytes: buffers.bytes };
  const buffer = buffers.create({ size: 64, usage: GPUBufferUsage.STORAGE });
  expect([buffers.count, buffers.bytes]).toEqual([before.count + 1, before.bytes + 64]);
  buffers.destroy(buffer);
  buffers.destroy(buffer);
  expect({ count: buffers.count, bytes: buffers.bytes }).toEqual(before);
});
