import { describe, expect, test } from 'vitest';
import { type Choices, firstChoices, settingsOf } from '../../src/ui/choices';
import { comparisons } from '../../src/ui/comparisons';
import { runNames } from '../../src/ui/run_names';
import { fromHash, runLink, toHash } from '../../src/ui/share';

const chosen: Choices = { ...firstChoices, prompt: 'a chair', seed: 5, preset: 'tiny' };
const runsOf = (id: string, choices = chosen): Choices => {
  const { runs } = comparisons.find((comparison) => comparison.id === id)!;
  return { ...choices, runs: runs(choices) };
};
const settings = (choices: Choices) => choices.runs.map((run) => settingsOf(choices, run));

test.each(comparisons)(
  '$title: runs that can be made, differ, say so, and fit a link',
  ({ id }) => {
    const choices = runsOf(id);
    const made = settings(choices);
    expect(made.length).toBeGreaterThan(1);
    const names = runNames(made).map(({ title, differs }) => [title, ...differs].join());
    expect(new Set(names).size).toBe(made.length);
    expect(fromHash(toHash(choices))).toEqual(choices);
  },
);

describe('what differs is what is compared, and nothing else', () => {
  test('seeds follow the one that is chosen', () => {
    expect(settings(runsOf('seeds')).map(({ seed }) => seed)).toEqual([5, 6, 7]);
  });

  test('thresholding and guidance are of the method that is chosen, where it distils', () => {
    const sds = { ...chosen, runs: [{ method: 'sds', changes: {} }] } as const;
    const held = settings(runsOf('threshold', sds));
    expect(held.map(({ method, guidance }) => [method, guidance.threshold])).toEqual([
      ['sds', true],
      ['sds', false],
    ]);
    expect(settings(runsOf('threshold')).map(({ method }) => method)).toEqual(['vsd', 'vsd']);
    const scales = settings(runsOf('guidance', sds)).map(({ guidance }) => guidance.scale);
    expect(scales).toEqual([2, 4, 8]);
  });

  test('an exemplar stands beside none', () => {
    const sources = settings(runsOf('exemplar')).map(({ exemplar }) => exemplar.source);
    expect(sources).toEqual(['auto', 'none']);
  });
});

test('a link to a run leaves out an exemplar of the visitor’s own, and says so', () => {
  const with_ = (source: string) => ({ ...chosen, changes: { 'exemplar.source': source } });
  const library = runLink(with_('library:17'));
  expect(library.notes).toEqual([]);
  expect(fromHash(library.hash)).toEqual(with_('library:17'));
  const own = runLink(with_('file:chair.glb'));
  expect(own.notes).toEqual([expect.stringMatching(/a link cannot carry/)]);
  expect(fromHash(own.hash)).toEqual(chosen);
});
