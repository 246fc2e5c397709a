import { expect, test } from 'vitest';
import { batchOf, questionsOf } from '../../src/guidance/queries';

const asked = (baseline: 'noise' | 'fake' | 'shifted', sharedTimestep: boolean) => {
  const questions = questionsOf({ baseline, sharedTimestep });
  const words = (model: 'frozen' | 'fake') =>
    batchOf(questions, model).map(({ text, level }) => `${text} at ${level}`);
  return { frozen: words('frozen'), fake: words('fake') };
};

test('SDS asks the frozen model with and without the prompt, VSD the fake score, too', () => {
  const both = ['prompt at dm', 'negative at dm'];
  expect(asked('noise', true)).toEqual({ frozen: both, fake: [] });
  expect(asked('fake', true)).toEqual({ frozen: both, fake: ['prompt at dm'] });
});

test('decoupled terms and a shifted baseline cost a question each, and none is asked twice', () => {
  expect(asked('noise', false).frozen).toEqual([
    'prompt at dm',
    'negative at cfg',
    'prompt at cfg',
  ]);
  expect(asked('shifted', true).frozen).toEqual([
    'prompt at dm',
    'negative at dm',
    'prompt at baseline',
  ]);
  expect(asked('shifted', false).frozen).toHaveLength(4);
});
