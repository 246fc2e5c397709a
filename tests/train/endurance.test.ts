import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeSettings, methods, type PartialSettings } from '../../src/settings';
import { readCheckpoint } from '../../src/train/checkpoint';
import type { Engine } from '../../src/train/engine';
import { darkness, openTinyEngine } from '../engine';
import { openTestGpu } from '../gpu';

/** Steps of a run; `LIMBECK_ENDURANCE=5000 npm test -- tests/train/endurance.test.ts` takes more. */
const steps = Number(process.env.LIMBECK_ENDURANCE ?? 40);

let engine: Engine;
beforeAll(async () => {
  engine = await openTinyEngine((await openTestGpu()).gpu, {}, async () => darkness);
});
afterAll(() => engine.dispose());

const scored = methods.filter(({ kind }) => kind === 'distillation');

describe.each(scored)('$title', ({ id, textbook }) => {
  test.each<[name: string, settings: PartialSettings]>([
    ['its own settings', {}],
    ["its paper's", textbook],
  ])(
    'stays finite by %s, from a checkpoint half-way on, too',
    {
      timeout: 60_000 + 1000 * steps,
    },
    async (_, own) => {
      const settings = makeSettings(
        { prompt: 'a red chair', method: id, generator: 'pixels', steps, seed: 2 },
        own,
        { fake: { rank: 2 } },
      );
      const first = await engine.createRun(settings);
      while (first.step < steps / 2) await first.takeStep();
      const run = await engine.createRun(settings);
      run.restore(await first.checkpoint());
      first.dispose();
      while (!run.finished) {
        const report = await run.takeStep();
        if (report.act !== 'distil') throw new Error('A step of another kind.');
        expect(Number.isFinite(report.gradientNorms.views)).toBe(true);
        expect(report.gradientNorms.views).toBeGreaterThan(0);
      }
      const { tensors } = readCheckpoint(await run.checkpoint());
      run.dispose();
      for (const data of Object.values(tensors)) {
        expect(data.every((value) => Number.isFinite(value))).toBe(true);
      }
    },
  );
});
