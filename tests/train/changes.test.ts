import { expect, test } from 'vitest';
import { makeSettings } from '../../src/settings';
import { parseChanges, settingsAfter, withChange } from '../../src/train/changes';

const settings = makeSettings({ prompt: 'a chair', method: 'sds', seed: 4 });
const scale = (step: number, value: unknown) => ({ step, path: 'guidance.scale', value });

test('a change holds from its step on, the last of a step alone', () => {
  const changes = withChange(withChange([scale(2, 5)], scale(7, 9)), scale(7, 8));
  expect(changes).toEqual([scale(2, 5), scale(7, 8)]);
  expect(settingsAfter(settings, changes, 1)).toBe(settings);
  expect(settingsAfter(settings, changes, 2).guidance.scale).toBe(5);
  expect(settingsAfter(settings, changes, 9).guidance.scale).toBe(8);
  expect(settingsAfter(settings, changes, 9).seed).toBe(4);
});

test.each([
  ['a setting that a run is made of', { step: 0, path: 'field.levels', value: 4 }],
  ['a value that there is not', scale(0, 'much')],
  ['a name that is none', { step: 0, path: '__proto__.x', value: 1 }],
])('%s is refused', (_, change) => {
  expect(() => settingsAfter(settings, [change], 0)).toThrow();
});

test('what a checkpoint holds is read, or refused', () => {
  const changes = [scale(2, 5)];
  expect(parseChanges(JSON.stringify(changes))).toEqual(changes);
  for (const text of ['{}', '[1]', '[{"step":1}]', 'x']) expect(() => parseChanges(text)).toThrow();
});
