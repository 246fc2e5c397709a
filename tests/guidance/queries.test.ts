import { expect, test } from 'vitest';
import { type Asking, batchOf, questionsOf } from '../../src/guidance/queries';

const asked = (
  baseline: Asking['baseline'],
  sharedTimestep: boolean,
  more: Partial<Asking> = {},
) => {
  const asking = { negative: '', negativeShare: 1, fakeScale: 1, ...more };
  const questions = questionsOf({ baseline, sharedTimestep, ...asking });
  const words = (model: 'frozen' | 'fake') =>
    batchOf(questions, model).map(
      ({ text, level, blind }) => `${text} at ${level}${blind ? ', blind' : ''}`,
    );
  return { frozen: words('frozen'), fake: words('fake') };
};

test('SDS asks the frozen model with and without the prompt, VSD the fake score, too', () => {
  const both = ['prompt at dm', 'empty at dm'];
  expect(asked('noise', true)).toEqual({ frozen: both, fake: [] });
  expect(asked('fake', true)).toEqual({ frozen: both, fake: ['prompt at dm'] });
});

test('decoupled terms and a shifted baseline cost a question each, and none is asked twice', () => {
  expect(asked('noise', false).frozen).toEqual(['prompt at dm', 'empty at cfg', 'prompt at cfg']);
  expect(asked('shifted', true).frozen).toEqual([
    'prompt at dm',
    'empty at dm',
    'prompt at baseline',
  ]);
  expect(asked('shifted', false).frozen).toHaveLength(4);
});

test('a negative prompt stands for the empty one, or beside it while one goes over into the other', () => {
  const negative = { negative: 'wood' };
  expect(asked('noise', true, negative).frozen).toEqual(['prompt at dm', 'negative at dm']);
  expect(asked('noise', true, { ...negative, negativeShare: 0 }).frozen).toEqual([
    'prompt at dm',
    'empty at dm',
  ]);
  const annealed = { ...negative, negativeShare: [0, 0, 1, 0.5] as const };
  expect(asked('noise', true, annealed).frozen).toEqual([
    'prompt at dm',
    'empty at dm',
    'negative at dm',
  ]);
  expect(asked('noise', true, { negativeShare: annealed.negativeShare }).frozen).toHaveLength(2);
});

test('a fake score that is guided by its cameras is asked without them, too; NFSD asks about defects', () => {
  expect(asked('fake', true, { fakeScale: 0.5 }).fake).toEqual([
    'prompt at dm',
    'prompt at dm, blind',
  ]);
  expect(asked('noise', true, { fakeScale: 0.5 }).fake).toEqual([]);
  expect(asked('defects', true).frozen).toEqual(['prompt at dm', 'empty at dm', 'defects at dm']);
});
