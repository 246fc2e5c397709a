import { beforeAll, expect, test } from 'vitest';
import { uniform } from '../../src/random';
import { Preview } from '../../src/viewer/preview';
import { openTestGpu, type TestGpu } from '../gpu';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

/** Odd, one row's alignment exactly, and one more: rows are padded to 64 words. */
test.each([
  [1, 1],
  [7, 5],
  [64, 3],
  [65, 33],
])('a view of %i by %i pixels becomes bytes that a texture takes', async (width, height) => {
  // Beyond [0, 1] on both sides: bytes are clamped.
  const views = Float32Array.from(
    { length: 4 * width * height },
    (_, i) => 1.4 * uniform(3, 99, width, i) - 0.2,
  );
  const preview = new Preview(t.gpu, t.arena.upload('views', views), { width, height });
  const encoder = t.gpu.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  preview.forward(pass);
  pass.end();
  preview.copy(encoder);
  t.gpu.device.pushErrorScope('validation');
  t.gpu.device.queue.submit([encoder.finish()]);
  expect(await t.gpu.device.popErrorScope()).toBeNull();
  const bytes = new Uint8Array(await t.readback.read(preview.texels));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 4; channel++) {
        const value = views[(channel * height + y) * width + x]!;
        const expected = 255 * Math.min(1, Math.max(0, value));
        const found = bytes[y * preview.rowBytes + 4 * x + channel]!;
        expect(Math.abs(found - expected)).toBeLessThanOrEqual(0.5 + 1e-3);
      }
    }
  }
  preview.dispose();
});
