import { expect, test } from 'vitest';
import { makeSettings, type PartialSettings, presetOf } from '../../src/settings';
import { lineOf, runNames } from '../../src/ui/run_names';

const names = (...runs: readonly PartialSettings[]) =>
  runNames(
    runs.map((run) =>
      makeSettings(presetOf('tiny'), { prompt: 'a house', method: 'sds', seed: 1 }, run),
    ),
  ).map(lineOf);

test('methods tell runs apart where nothing else does', () => {
  expect(names({ method: 'sds' }, { method: 'vsd' })).toEqual(['SDS', 'VSD']);
  expect(names({ method: 'vsd', seed: 9 })).toEqual(['VSD']);
});

test('what differs from most of the others is said', () => {
  const four = names(
    { method: 'sds' },
    { method: 'vsd' },
    { method: 'sds', seed: 2 },
    { method: 'sds', guidance: { threshold: false, scale: [0, 9, 5, 1] } },
  );
  expect(four).toEqual([
    'SDS',
    'VSD',
    'SDS · seed 2',
    'SDS · guidance scale 0, 9, 5, 1 · threshold off',
  ]);
});

test('of two, the second says what differs from the first, though the first was changed', () => {
  expect(names({ guidance: { threshold: false } }, {})).toEqual(['SDS', 'SDS · threshold on']);
  expect(names({}, { generator: 'pixels', guidance: { negative: 'blurry' } })).toEqual([
    'SDS',
    'SDS · Pictures · negative prompt “blurry”',
  ]);
  expect(names({ guidance: { negative: 'blurry' } }, {})[1]).toBe('SDS · no negative prompt');
});

test('an abbreviation keeps its capitals', () => {
  expect(names({ method: 'vsd' }, { method: 'vsd', fake: { rank: 8 } })[1]).toMatch(/LoRA rank 8/);
  expect(names({}, { guidance: { lambdaDm: 0.5 } })[1]).toBe('SDS · λ DM 0.5');
});
