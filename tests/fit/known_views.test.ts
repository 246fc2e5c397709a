import { beforeAll, expect, test } from 'vitest';
import { KnownViews, sphereCameras } from '../../src/fit/known_views';
import { openTestGpu, type TestGpu } from '../gpu';
import { colouredBox } from '../object/shapes';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

const box = colouredBox(0.7, 0.4, 0.55);

test('a size beyond the adapter is refused with the largest that fits', () => {
  const { maxStorageBufferBindingSize, maxBufferSize } = t.gpu.device.limits;
  const limit = Math.min(maxStorageBufferBindingSize, maxBufferSize);
  const make = (size: number) => () => KnownViews.ofObject(t.gpu, box, size);
  const message = /the largest size that fits is (\d+)/;
  expect(make(65536)).toThrow(message);
  try {
    make(65536)();
  } catch (error) {
    const largest = Number(message.exec((error as Error).message)![1]);
    const bytes = (size: number) => 8 * (2 * size) ** 2 * 4;
    expect(bytes(largest)).toBeLessThanOrEqual(limit);
    expect(bytes(largest + 1)).toBeGreaterThan(limit);
  }
});

test('cameras are spread evenly, and those of the metrics stand elsewhere', () => {
  const back = (cameras: ReturnType<typeof sphereCameras>) =>
    cameras.map(({ c2w }) => [c2w[2]!, c2w[6]!, c2w[10]!]);
  const [known, unseen] = [back(sphereCameras(100)), back(sphereCameras(16, 57))];
  const nearest = (a: number[], others: number[][]) =>
    Math.max(...others.filter((b) => b !== a).map((b) => a.reduce((s, x, i) => s + x * b[i]!, 0)));
  const degrees = (cosine: number) => (Math.acos(cosine) * 180) / Math.PI;
  for (const a of known) {
    expect(degrees(nearest(a, known))).toBeGreaterThan(10);
    expect(degrees(nearest(a, known))).toBeLessThan(25);
  }
  for (const a of unseen) expect(degrees(nearest(a, known))).toBeGreaterThan(2);
});
