import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Readback } from '../../src/gpu/readback';
import { encodePng } from '../../src/image/png_node';
import { makeSettings, type PartialSettings, presetOf } from '../../src/settings';
import { readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint';
import type { Engine } from '../../src/train/engine';
import { openTinyEngine } from '../engine';
import { openTestGpu } from '../gpu';
import { refusal } from '../refusal';

let engine: Engine;
beforeAll(async () => {
  engine = await openTinyEngine((await openTestGpu()).gpu);
});
afterAll(() => engine.dispose());

const settingsOf = (particles: number, ...rest: PartialSettings[]) =>
  makeSettings(
    { prompt: 'a red chair', method: 'vsd', generator: 'pixels', steps: 8, seed: 5, particles },
    { fake: { rank: 2, updates: 1 } },
    ...rest,
  );

test('four identical particles have four identical gradients', { timeout: 60_000 }, async () => {
  // One camera, one τ and one noise for all steps, and a fake score that stays as it is.
  const still = { settle: 1, minTimestep: 0.7, maxTimestep: 0.7 };
  const run = await engine.createRun(settingsOf(4, { guidance: still, fake: { updates: 0 } }));
  const { tensors, metadata } = readCheckpoint(await run.checkpoint());
  const first = Object.entries(tensors).filter(([name]) => name.startsWith('particle0.'));
  const alike = [1, 2, 3].flatMap((i) =>
    first.map(([name, data]) => [name.replace('particle0', `particle${i}`), data] as const),
  );
  expect(tensors['particle1.pixels.parameters']).not.toEqual(
    tensors['particle0.pixels.parameters'],
  );
  run.restore(writeCheckpoint({ ...tensors, ...Object.fromEntries(alike) }, metadata));
  const readback = new Readback(engine.gpu);
  const gradients: Float32Array[] = [];
  for (let step = 0; step < 5; step++) {
    await run.takeStep();
    gradients.push(await readback.floats(run.generator.viewGradients));
  }
  for (const i of [1, 2, 3]) expect(gradients[i]).toEqual(gradients[0]);
  // The first one has moved since.
  expect(gradients[4]).not.toEqual(gradients[0]);
  readback.dispose();
  run.dispose();
});

test('particles take turns, and go on from a checkpoint byte by byte', {
  timeout: 60_000,
}, async () => {
  const [run, resumed] = [
    await engine.createRun(settingsOf(3)),
    await engine.createRun(settingsOf(3)),
  ];
  const parameters = async () => readCheckpoint(await run.checkpoint()).tensors;
  const before = await parameters();
  await run.takeStep();
  await run.takeStep();
  const after = await parameters();
  const moved = [0, 1, 2].map((i) => {
    const name = `particle${i}.pixels.parameters`;
    return (
      Buffer.compare(Buffer.from(before[name]!.buffer), Buffer.from(after[name]!.buffer)) !== 0
    );
  });
  expect(moved).toEqual([true, true, false]);
  resumed.restore(await run.checkpoint());
  while (!run.finished) await run.takeStep();
  while (!resumed.finished) await resumed.takeStep();
  expect(Buffer.compare(await run.checkpoint(), await resumed.checkpoint())).toBe(0);
  const files = await run.files(encodePng);
  expect(files.map(({ name }) => name)).toEqual([
    'particle-1.png',
    'particle-2.png',
    'particle-3.png',
  ]);
  run.dispose();
  resumed.dispose();
});

test('particles may be fields, with noise on their surfaces', { timeout: 120_000 }, async () => {
  const run = await engine.createRun(
    makeSettings(presetOf('tiny'), settingsOf(2), {
      generator: 'field',
      guidance: { noise: 'surface' },
    }),
  );
  for (let step = 0; step < 3; step++) {
    const report = await run.takeStep();
    if (report.act !== 'distil') throw new Error('A step of another kind.');
    const { gradientNorms } = report;
    expect(gradientNorms.views).toBeGreaterThan(0);
    expect(gradientNorms.table).toBeGreaterThan(0);
  }
  run.dispose();
});

test('a checkpoint of another method is refused by name', { timeout: 60_000 }, async () => {
  const [vsd, sds] = [
    await engine.createRun(settingsOf(1)),
    await engine.createRun(settingsOf(1, { method: 'sds' })),
  ];
  const checkpoint = await sds.checkpoint();
  expect(await refusal(() => vsd.restore(checkpoint))).toBe(
    'This checkpoint is SDS, and VSD was asked for. Go on with it by leaving --method out, or start anew.',
  );
  vsd.dispose();
  sds.dispose();
});

test('particles beyond the memory are refused, with what to do', async () => {
  const { device } = engine.gpu;
  const scope = vi.spyOn(device, 'popErrorScope').mockResolvedValueOnce({ message: 'full' });
  expect(await refusal(() => engine.createRun(settingsOf(4)))).toBe(
    'The GPU has too little memory for it. Take fewer than 4 particles (--particles), a smaller field, or the ' +
      'preset fast or tiny.',
  );
  scope.mockRestore();
  (await engine.createRun(settingsOf(2))).dispose();
});
