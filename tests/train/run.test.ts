import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { FieldGenerator } from '../../src/generator/field';
import { Readback } from '../../src/gpu/readback';
import { Runtime } from '../../src/runtime/runtime';
import { type MethodId, makeSettings, presetOf, type Settings } from '../../src/settings';
import type { Engine } from '../../src/train/engine';
import { checkpointSettings, type Run } from '../../src/train/run';
import { openTestEngine } from '../engine';
import { openTestGpu } from '../gpu';
import { cellsOf } from '../reference/occupancy';
import { refusal } from '../refusal';

let engine: Engine;
beforeAll(async () => {
  engine = await openTestEngine((await openTestGpu()).gpu);
});
afterAll(() => engine.dispose());

const settingsOf = (method: MethodId): Settings =>
  makeSettings(presetOf('tiny'), { prompt: 'a pine tree', method, seed: 7, steps: 50 });

async function stepTo(run: Run, step: number): Promise<Uint8Array> {
  while (run.step < step) await run.takeStep();
  return run.checkpoint();
}

describe.each(['sds', 'vsd'] as const)('%s', (method) => {
  test('50 steps of one seed end in the same bytes, stopped half-way or not', {
    timeout: 600_000,
  }, async () => {
    const settings = settingsOf(method);
    const [first, second, resumed] = [
      await engine.createRun(settings),
      await engine.createRun(settings),
      await engine.createRun(settings),
    ];
    const halfway = await stepTo(first, 25);
    const end = await stepTo(first, 50);
    expect(Buffer.compare(halfway, end)).not.toBe(0);
    expect(Buffer.compare(await stepTo(second, 50), end)).toBe(0);

    expect(checkpointSettings(halfway)).toEqual(settings);
    resumed.restore(halfway);
    expect(resumed.step).toBe(25);
    expect(Buffer.compare(await stepTo(resumed, 50), end)).toBe(0);
    for (const run of [first, second, resumed]) run.dispose();
  });
});

test('the last step hides the cells that are not of the object', { timeout: 120_000 }, async () => {
  const { gpu } = engine;
  const run = await engine.createRun(
    makeSettings(settingsOf('sds'), { steps: 10, field: { blobScale: 40 } }),
  );
  await stepTo(run, 9);
  const { generator } = run;
  if (!(generator instanceof FieldGenerator)) throw new Error('This run has no field.');
  const { bits, resolution } = generator.occupancy;
  const readback = new Readback(gpu);
  const occupied = async () => cellsOf(await readback.words(bits), resolution);
  const before = await occupied();
  await run.takeStep();
  const after = await occupied();
  expect(after).toEqual(after.map((is, cell) => is && before[cell]));
  expect(after).not.toEqual(before);
  const { positions } = await generator.mesh.extract();
  const cells = positions.map((p) => Math.floor(((p + 1) / 2) * resolution));
  for (let i = 0; i < cells.length; i += 3) {
    expect(after[(cells[i + 2]! * resolution + cells[i + 1]!) * resolution + cells[i]!]).toBe(true);
  }
  readback.dispose();
  run.dispose();
});

test('a second run compiles no kernel and loads no network', { timeout: 120_000 }, async () => {
  const { pipelines } = engine.gpu;
  const load = vi.spyOn(Runtime.prototype, 'load');
  const take = async (seed: number) => {
    const run = await engine.createRun({ ...settingsOf('vsd'), seed });
    const ready = pipelines.compiled.length;
    await run.takeStep();
    run.dispose();
    return ready;
  };
  const ready = await take(7);
  expect(pipelines.compiled).toHaveLength(ready);
  load.mockClear();
  await take(8);
  expect(pipelines.compiled).toHaveLength(ready);
  expect(load).not.toHaveBeenCalled();
  load.mockRestore();
});

test('another seed gives another field', async () => {
  const [a, b] = [
    await engine.createRun(settingsOf('sds')),
    await engine.createRun({ ...settingsOf('sds'), seed: 8 }),
  ];
  expect(Buffer.compare(await stepTo(a, 2), await stepTo(b, 2))).not.toBe(0);
  a.dispose();
  b.dispose();
});

test('a checkpoint of another field or another file is refused and changes nothing', async () => {
  const small = await engine.createRun(settingsOf('sds'));
  const large = await engine.createRun(
    makeSettings(settingsOf('sds'), { field: { log2TableSize: 13 } }),
  );
  const before = await large.checkpoint();
  expect(() => large.restore(new Uint8Array(10))).toThrow(/This checkpoint cannot be used/);
  const other = await small.checkpoint();
  expect(await refusal(() => large.restore(other))).toMatch(
    /Restore it with the settings that it was saved with/,
  );
  expect(Buffer.compare(await large.checkpoint(), before)).toBe(0);
  small.dispose();
  large.dispose();
});
