import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WatchedStep } from '../../src/protocol/reports';
import { makeSettings, methodIds, methodOf } from '../../src/settings';
import type { Engine } from '../../src/train/engine';
import { type Seen, watchedRows } from '../../src/train/watch';
import { darkness, openTinyEngine } from '../engine';
import { openTestGpu } from '../gpu';
import { manifestOf } from './parts';

let engine: Engine;
beforeAll(async () => {
  engine = await openTinyEngine((await openTestGpu()).gpu, {}, async () => darkness);
});
afterAll(() => engine.dispose());

/** What the first step of each kind of method shows at least. */
const shown = {
  distillation: ['views', 'noised-dm', 'dm', 'cfg', 'gradient'],
  reconstruction: ['noised', 'clean-prompt', 'clean-negative', 'clean-guided'],
};

describe.each(methodIds)('%s', (method) => {
  test('watching shows every answer and changes no byte', { timeout: 120_000 }, async () => {
    const settings = makeSettings(
      { prompt: 'a red chair', method, generator: 'pixels', steps: 4, seed: 5 },
      { fake: { rank: 2 } },
    );
    const finish = async (watched: boolean) => {
      const run = await engine.createRun(settings);
      const seen: WatchedStep[] = [];
      while (!run.finished) await run.takeStep(watched ? (step) => seen.push(step) : undefined);
      const end = await run.checkpoint();
      run.dispose();
      return { end, seen };
    };
    const [plain, watched] = [await finish(false), await finish(true)];
    expect(Buffer.compare(plain.end, watched.end)).toBe(0);
    expect(watched.seen.map(({ step }) => step)).toEqual([0, 1, 2, 3]);
    const { views, resolution } = engine.manifest;
    const ids = watched.seen[0]!.rows.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(shown[methodOf(method).kind]));
    for (const { image, range } of watched.seen[3]!.rows) {
      expect([image.width, image.height]).toEqual([views * resolution, resolution]);
      if (range !== null) expect(Number.isFinite(range)).toBe(true);
    }
    // Pictures of one step are not those of another.
    const gradients = watched.seen.map(({ rows }) => rows.at(-1)!.image.data);
    expect(gradients[0]).not.toEqual(gradients[1]);
  });
});

test('a prediction is shown as the noise and the picture that it stands for', () => {
  const manifest = manifestOf(1);
  const [timestep, alpha, sigma] = [500, ...weights(manifest.alpha_bar[500]!)];
  const level = { timestep, alpha, sigma, stream: 0 };
  // One opaque pixel of one colour in each of four views, and noise of one value.
  const clean = Float32Array.from({ length: 16 }, (_, e) => (e % 4 === 3 ? 1 : -0.5));
  const z = clean.map((x) => alpha * x + sigma * 2);
  const velocity = clean.map((x) => alpha * 2 - sigma * x);
  const prompt = { model: 'frozen', text: 'prompt', level: 'dm' } as const;
  const negative = { ...prompt, text: 'negative' } as const;
  const seen: Seen = {
    levels: { dm: level, baseline: level, cfg: level },
    scale: 3,
    input: clean.map((x) => (x + 1) / 2),
    answers: [prompt, negative].map((query) => ({ query, z, prediction: velocity })),
    guided: { conditional: prompt, unconditional: negative },
    terms: new Float32Array(32).fill(0.5),
    gradient: new Float32Array(16),
  };
  const rows = new Map(watchedRows(seen, manifest).map((row) => [row.id, row]));
  const pixel = (id: string) => [...rows.get(id)!.image.data.subarray(0, 4)];
  expect(pixel('views')).toEqual([64, 64, 64, 255]);
  expect(pixel('clean-frozen-prompt-dm')).toEqual(pixel('views'));
  // Both answers agree, so that guidance changes nothing.
  expect(pixel('clean-guided')).toEqual(pixel('views'));
  // Noise of one value in colour and alpha leaves what is seen over white as it is.
  expect(pixel('noise-frozen-prompt-dm')).toEqual([128, 128, 128, 255]);
  expect(rows.get('noise-frozen-prompt-dm')!.range).toBeCloseTo(6, 4);
  expect(rows.get('gradient')!.range).toBe(0);
});

const weights = (alphaBar: number) => [Math.sqrt(alphaBar), Math.sqrt(1 - alphaBar)] as const;
