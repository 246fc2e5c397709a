import { expect, test } from 'vitest';
import { batchOf, questionsOf } from '../../src/guidance/queries';
import { makeSettings, methodIds, methodOf, methods } from '../../src/settings';
import { refusal } from '../refusal';

/** What a method asks of each model in a step. */
function asked(method: (typeof methodIds)[number]) {
  const { guidance } = makeSettings({ prompt: 'a cube', method });
  const questions = questionsOf(guidance);
  return [batchOf(questions, 'frozen').length, batchOf(questions, 'fake').length];
}

test('every row can be shown, and its settings be had, as a preset and as the textbook has them', () => {
  for (const { id, title, summary, formula, sources, textbook } of methods) {
    expect([title, summary, formula].every((words) => words.length > 0)).toBe(true);
    expect(sources.length).toBeGreaterThan(0);
    const settings = makeSettings({ prompt: 'a cube', method: id }, textbook);
    expect(settings.guidance).toMatchObject({ threshold: false, rescale: 0, settle: 0 });
    expect(settings.loss).toEqual({ sparsity: 0, opaque: 0, nearness: 0 });
  }
});

test('SDS asks one network twice, VSD another one once, too', () => {
  expect(asked('sds')).toEqual([2, 0]);
  expect(asked('vsd')).toEqual([2, 1]);
});

test('a method that is not in the table is refused by name', async () => {
  expect(await refusal(() => methodOf('dreambooth'))).toBe(
    `Unknown method 'dreambooth'. Choose one of ${methodIds.join(', ')}.`,
  );
});
