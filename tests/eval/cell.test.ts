import { expect, test } from 'vitest';
import { type Cell, type CellParts, evaluateCell } from '../../src/eval/cell';

/** What an engine is asked to sample and a scorer to judge, both answering with next to nothing. */
function recording() {
  const asked: { sample?: unknown; pool?: readonly string[] } = {};
  const [views, size] = [4, 8];
  const engine = {
    manifest: { id: 'tiny', views, resolution: size },
    calls: async () => 0,
    async *sample(prompt: string, options: object) {
      asked.sample = { prompt, ...options };
      yield { step: 1, steps: 1, views: new Float32Array(views * 4 * size * size).fill(1) };
    },
  };
  const scorer = {
    captions: ['a cat', 'a dog'],
    manifest: { accuracy: { captions: 2 } },
    async judge(_: unknown, pool: readonly string[]) {
      asked.pool = pool;
      return { scores: Float32Array.of(2, 1), embedding: new Float32Array(3) };
    },
  };
  const parts = { engine, scorer, processorSeconds: () => 0 } as unknown as CellParts;
  return { asked, parts };
}

const cell: Cell = { prompt: 'a kitten', caption: 'a cat', method: 'prior', seed: 3 };

test('a sample of the prior is shown the exemplar that the settings say', async () => {
  const { asked, parts } = recording();
  await evaluateCell(parts, cell, { settings: [{ exemplar: { source: 'none' } }], draws: 0 });
  expect(asked.sample).toMatchObject({ prompt: 'a kitten', seed: 3, exemplar: { source: 'none' } });
});

test('an object is judged by its caption', async () => {
  const { asked, parts } = recording();
  const { result } = await evaluateCell(parts, cell, { settings: [], draws: 0 });
  expect(asked.pool).toEqual(['a cat', 'a dog']);
  expect(result).toMatchObject({ prompt: 'a kitten', caption: 'a cat', rank: 0 });
});
