import { beforeAll, expect, test } from 'vitest';
import { consistency } from '../../src/fit/consistency';
import { turntableCameras } from '../../src/fit/known_views';
import { objectViews } from '../../src/object/views';
import { openTestGpu, type TestGpu } from '../gpu';
import { colouredBox } from '../object/shapes';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

const size = 24;
const cameras = turntableCameras(4);
const views = objectViews(colouredBox(0.6, 0.35, 0.5), cameras, size);

const steps = 100;

test('views of one object agree; a view of another among them does not', async () => {
  const agreeing = await consistency(t.gpu, views, cameras, steps);
  const mixed = views.slice();
  const other = objectViews(colouredBox(0.15, 0.8, 0.15), cameras, size);
  mixed.set(other.subarray(0, mixed.length / 4));
  expect(agreeing).toBeGreaterThan(0.93);
  expect(await consistency(t.gpu, mixed, cameras, steps)).toBeLessThan(agreeing - 0.07);
}, 120_000);

test('views of nothing agree', async () => {
  const nothing = new Float32Array(views.length);
  expect(await consistency(t.gpu, nothing, cameras, 20)).toBe(1);
}, 120_000);
