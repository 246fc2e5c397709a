import { expect, test } from 'vitest';
import { makeSettings, presetOf } from '../../src/settings';
import {
  type Choices,
  changed,
  choicesOf,
  draftOf,
  firstChoices,
  settingsOf,
  validateChoices,
} from '../../src/ui/choices';

const house: Choices = { ...firstChoices, prompt: 'a house' };

test('a run has the changes of all runs and its own over them', () => {
  const changes = { 'guidance.scale': 50, 'field.levels': 6 };
  const choices: Choices = { ...house, seed: 4, preset: 'tiny', changes };
  expect(settingsOf(choices, { method: 'sds', changes: {} })).toMatchObject({
    prompt: 'a house',
    seed: 4,
    steps: 40,
    guidance: { scale: 50 },
    field: { levels: 6 },
  });
  const own = { 'guidance.scale': 7, seed: 5, generator: 'pixels' };
  expect(settingsOf(choices, { method: 'vsd', changes: own })).toMatchObject({
    method: 'vsd',
    seed: 5,
    generator: 'pixels',
    guidance: { baseline: 'fake', scale: 7 },
    field: { levels: 6 },
  });
});

test('choices can be read off settings', () => {
  const settings = makeSettings(presetOf('tiny'), {
    prompt: 'a house',
    method: 'vsd',
    seed: 3,
    generator: 'pixels',
    guidance: { scale: 9 },
  });
  const found = choicesOf(settings);
  expect(found).toMatchObject({
    prompt: 'a house',
    seed: 3,
    preset: 'default',
    generator: 'pixels',
  });
  expect(found.runs).toEqual([{ method: 'vsd', changes: {} }]);
  expect(found.changes).toMatchObject({ 'guidance.scale': 9, steps: 40 });
  expect(settingsOf(found, found.runs[0]!)).toEqual(settings);
});

test('a prompt may be anything while it is typed, but not when it is run', () => {
  const long = { ...firstChoices, prompt: 'a'.repeat(1001) };
  expect(draftOf(long, long.runs[0]!).prompt).toBe(long.prompt);
  expect(() => settingsOf(long, long.runs[0]!)).toThrow(/1001 characters/);
  expect(() => validateChoices(long)).toThrow(/1001 characters/);
  validateChoices(firstChoices);
  expect(() => settingsOf(firstChoices, firstChoices.runs[0]!)).toThrow(/prompt is empty/);
  expect(settingsOf(house, house.runs[0]!)).toEqual(makeSettings({ prompt: 'a house' }));
});

test('a setting that is put back is no change any more', () => {
  const changes = changed({ seed: 1 }, 'loss.sparsity', [0, 0, 1, 1], 0);
  expect(changes).toEqual({ seed: 1, 'loss.sparsity': [0, 0, 1, 1] });
  expect(changed(changes, 'loss.sparsity', 0, 0)).toEqual({ seed: 1 });
});
