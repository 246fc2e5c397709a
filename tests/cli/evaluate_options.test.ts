import { expect, test } from 'vitest';
import { evaluateHelp, parseEvaluateOptions } from '../../src/cli/evaluate/options';

test('a grid is read: methods once each, seeds one after another, settings over the preset', () => {
  const { grid, queue, worker } = parseEvaluateOptions([
    ...['--prompts', 'p.txt', '--methods', 'sds,prior,sds', '--seeds', '3', '--seed', '7'],
    ...['--preset', 'tiny', '--steps', '9', '--queue', 'redis://:secret@host:1'],
  ]);
  expect(grid).toMatchObject({ prompts: 'p.txt', methods: ['sds', 'prior'], seeds: [7, 8, 9] });
  expect(grid.settings.at(-1)).toEqual({ steps: 9 });
  expect([queue, worker]).toEqual(['redis://:secret@host:1', false]);
});

test.each([
  [[], /There are no prompts/],
  [['a tree'], /'a tree' is no option/],
  [['--prompts', 'x', '--methods', 'sds,ism'], /Unknown method 'ism'/],
  [['--prompts', 'x', '--methods', ''], /Unknown method ''/],
  [['--prompts', 'x', '--seeds', '1.5'], /--seeds takes a whole number/],
  [['--prompts', 'x', '--seeds', '0'], /--seeds takes a number from 1/],
  [['--prompts', 'x', '--preset', 'ultra'], /Unknown preset 'ultra'/],
  [['--worker'], /--worker needs a queue/],
  [['--prompts', 'x', '--queue', 'http://a'], /not the address of a Redis/],
  [['--prompts', 'x', '--patience', '9'], /--patience is a worker's/],
  [['--prompts', 'x', '--claims', '--draws', '1'], /takes two draws.*/],
  [['--prompts', 'x', '--claims', '--methods', 'sds'], /--claims and --methods contradict/],
  [['--worker', '--queue', 'redis://a', '--seeds', '2'], /--worker and --seeds contradict/],
  [['--worker', '--queue', 'redis://a', '--steps', '2'], /--worker and --steps contradict/],
])('%j is refused', (args, message) => {
  expect(() => parseEvaluateOptions(args)).toThrow(message);
});

test('--help names every option', () => {
  expect(parseEvaluateOptions(['--help']).help).toBe(true);
  for (const name of ['prompts', 'methods', 'seeds', 'queue', 'worker', 'patience', 'scorer']) {
    expect(evaluateHelp()).toContain(`--${name}`);
  }
});
