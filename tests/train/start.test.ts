/** A run that starts from a person's object. */
import { beforeAll, expect, test } from 'vitest';
import { turntableCameras } from '../../src/fit/known_views';
import type { Generator } from '../../src/generator/generator';
import type { Particles } from '../../src/generator/particles';
import { readObject } from '../../src/object/read_object';
import { objectViews } from '../../src/object/views';
import { makeSettings } from '../../src/settings';
import type { EngineRun } from '../../src/train/engine';
import { checkpointSettings } from '../../src/train/run';
import { openTinyEngine } from '../engine';
import { openTestGpu, type TestGpu } from '../gpu';
import { refusal } from '../refusal';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

/** Guards against hangs. */
const patience = { timeout: 300_000 };

/** A tall red box. */
const box = (() => {
  const corners = Array.from({ length: 8 }, (_, i) => [i & 1, (i >> 1) & 1, i >> 2]);
  const vertices = corners.map(
    ([x, y, z]) => `v ${x! - 0.5} ${3 * y! - 1.5} ${z! - 0.5} 0.8 0.2 0.2`,
  );
  const faces = ['1 3 4 2', '5 6 8 7', '1 2 6 5', '3 7 8 4', '1 5 7 3', '2 4 8 6'];
  return new TextEncoder().encode([...vertices, ...faces.map((face) => `f ${face}`)].join('\n'));
})();
const file = { name: 'box.obj', bytes: box };
const source = 'file:box.obj';

const settings = (method: string, more = {}) =>
  makeSettings(
    { field: { levels: 4, log2TableSize: 12, maxResolution: 32 }, render: { samplesPerRay: 32 } },
    { prompt: 'red cup', steps: 8, mesh: { resolution: 24 }, start: { source } },
    { ...more, method: method as 'sds' },
  );

/** How much of the box's outline a field has, as intersection over union, and how far its colours are off. */
async function likeness(generator: Generator) {
  const { mesh } = await readObject(box, 'box.obj');
  const [cameras, size] = [turntableCameras(3), 32];
  const wanted = objectViews(mesh, cameras, size);
  const made = await generator.still({ cameras, size, raysPerPixel: 4 });
  let [both, either, red, count] = [0, 0, 0, 0];
  const plane = size * size;
  for (let i = 0; i < made.length; i++) {
    if (Math.floor(i / plane) % 4 !== 3) continue;
    both += Math.min(made[i]!, wanted[i]!);
    either += Math.max(made[i]!, wanted[i]!);
    if (wanted[i]! < 0.99) continue;
    red += Math.abs(made[i - 3 * plane]! - wanted[i - 3 * plane]!);
    count++;
  }
  return { overlap: both / either, red: red / count };
}

test('a reconstruction starts from it, and goes on', patience, async () => {
  const engine = await openTinyEngine(t.gpu);
  engine.exemplars.hold(file);
  const run = await engine.createRun(settings('sir'));
  const { overlap, red } = await likeness(run.generator);
  expect(overlap).toBeGreaterThan(0.8);
  expect(red).toBeLessThan(0.1);
  while (!run.finished) await run.takeStep();
  run.dispose();
  await engine.dispose();
});

test('each particle does, and their checkpoint needs its file no more', patience, async () => {
  const engine = await openTinyEngine(t.gpu);
  engine.exemplars.hold(file);
  const run = await engine.createRun(settings('vsd', { particles: 2 }));
  const { all } = run.generator as Particles<Exclude<EngineRun['generator'], Particles<never>>>;
  for (const particle of all) expect((await likeness(particle)).overlap).toBeGreaterThan(0.7);
  for (let i = 0; i < 3; i++) await run.takeStep();
  const half = await run.checkpoint();
  while (!run.finished) await run.takeStep();

  const other = await openTinyEngine(t.gpu);
  expect(await refusal(other.createRun(run.settings))).toMatch(
    /box.obj, is not here.*Give its file/,
  );
  const resumed = await other.createRun(checkpointSettings(half), half);
  resumed.restore(half);
  while (!resumed.finished) await resumed.takeStep();
  expect(await resumed.checkpoint()).toEqual(await run.checkpoint());
  for (const one of [run, resumed]) one.dispose();
  for (const one of [engine, other]) await one.dispose();
});

test('pictures start from none', () => {
  expect(() => settings('sds', { generator: 'pixels' })).toThrow(/cannot start from an object/);
});
