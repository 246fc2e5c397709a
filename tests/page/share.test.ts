import { describe, expect, test } from 'vitest';
import { SettingsError } from '../../src/settings';
import { type Choices, draftOf, firstChoices } from '../../src/ui/choices';
import { fromHash, toHash } from '../../src/ui/share';
import { refusal } from '../refusal';

const choices: Choices = {
  prompt: 'a pine tree & 100% "snow"',
  seed: 4_294_967_295,
  preset: 'tiny',
  generator: 'pixels',
  changes: {
    'field.levels': 6,
    'loss.sparsity': [0, 0, 0.1, 0.5],
    'guidance.scale': 3,
  },
  runs: [
    { method: 'vsd', changes: { 'guidance.weighting': 'uniform', 'guidance.negative': '1984' } },
    { method: 'sds', changes: {} },
    { method: 'sds', changes: { seed: 2, generator: 'field' } },
    { method: 'sds', changes: { 'guidance.threshold': false, steps: 10 } },
  ],
};

test('a link brings back what was chosen', () => {
  expect(fromHash(`#${toHash(choices)}`)).toEqual(choices);
  expect(fromHash('')).toEqual(firstChoices);
});

test('a run is named by its place, its method is not its name', () => {
  expect(toHash({ ...choices, prompt: '', seed: 0, changes: {} })).toBe(
    'method=vsd%2Csds%2Csds%2Csds&generator=pixels&preset=tiny&1.guidance.weighting=uniform&1.guidance.negative=1984' +
      '&3.seed=2&3.generator=field&4.guidance.threshold=false&4.steps=10',
  );
});

test('what is as it was at first is not in the link', () => {
  expect(toHash(firstChoices)).toBe('');
  expect(toHash({ ...firstChoices, prompt: 'a house' })).toBe('prompt=a+house&method=sir');
});

describe('a link of an earlier version means what it meant', () => {
  test('one method, with the settings of another that does not run', () => {
    const found = fromHash(
      '#prompt=a+chair&method=vsd&seed=7&preset=tiny&optim.sparsity=%5B0%2C0%2C0.1%2C0.5%5D&optim.opaque=0.2' +
        '&optim.nearness=0.01&vsd.guidance.matching=0.5&sds.guidance.scale=7.5&vsd.guidance.sharedTimestep=false' +
        '&field.levels=6&mesh.format=obj',
    );
    expect(found).toEqual({
      prompt: 'a chair',
      seed: 7,
      preset: 'tiny',
      generator: 'field',
      changes: {
        'loss.sparsity': [0, 0, 0.1, 0.5],
        'loss.opaque': 0.2,
        'loss.nearness': 0.01,
        'field.levels': 6,
        'mesh.format': 'obj',
      },
      runs: [
        {
          method: 'vsd',
          changes: { 'guidance.lambdaDm': 0.5, 'guidance.sharedTimestep': false },
        },
      ],
    });
    expect(fromHash(`#${toHash(found)}`)).toEqual(found);
  });

  test('that name no method mean SDS and VSD, the first choices of then', () => {
    const { runs } = fromHash('#prompt=a+chair');
    expect(runs.map(({ method }) => method)).toEqual(['sds', 'vsd']);
  });

  test.each(['', 'method=sds,vsd&', 'method=sds%2Cvsd&'])('both methods: %s', (method) => {
    expect(
      fromHash(`#${method}vsd.guidance.scale=5&sds.guidance.scale=%5B0%2C9%2C5%2C1%5D`),
    ).toEqual({
      ...firstChoices,
      runs: [
        { method: 'sds', changes: { 'guidance.scale': [0, 9, 5, 1] } },
        { method: 'vsd', changes: { 'guidance.scale': 5 } },
      ],
    });
  });
});

describe('a link is refused in words', () => {
  test.each([
    ['preset=huge', /Unknown preset 'huge'/],
    ['method=sds,gan', /Unknown method 'gan'\. Choose one of sir, sds, vsd/],
    ['method=', /Unknown method ''/],
    [
      'method=sds,sds,sds,sds,sds',
      /There are 5 runs, and the page shows 1 to 4\. Name as many methods/,
    ],
    ['generator=mesh', /'generator' takes one of field, pixels, not "mesh"/],
    ['seed=-1', /'seed' takes a whole number from 0 to 4294967295, not -1/],
    ['seed=x', /'seed' takes a whole number/],
    ['2.seed=x', /'seed' takes a whole number/],
    ['3.seed=1', /There is no run 3\. Name one of those that 'method' has: 1 to 2/],
    ['0.seed=1', /There is no run 0/],
    ['1=3', /Unknown setting ''/],
    ['2.method=sds', /Unknown setting 'method'/],
    ['2.prompt=x', /Unknown setting 'prompt'/],
    ['field.levels=99', /'field.levels' takes a whole number from 1 to 16, not 99/],
    ['field.depth=3', /Unknown setting 'field.depth'/],
    ['guidance.scale=-3', /'guidance.scale' takes a number from 0 up/],
    ['sds.guidance.weighting=cubic', /'guidance.weighting' takes one of/],
    ['method=vsd&sds.guidance.weighting=cubic', /'guidance.weighting' takes one of/],
    ['method=vsd&sds.guidance.hue=1', /Unknown setting 'guidance.hue'/],
    ['field=3', /Unknown setting 'field'/],
    ['__proto__=3', /Unknown setting '__proto__'/],
    ['1.__proto__=3', /Unknown setting '__proto__'/],
    [`prompt=${'x'.repeat(1001)}`, /prompt has 1001 characters/],
  ])('%s', async (hash, message) => {
    expect(() => fromHash(hash)).toThrow(SettingsError);
    expect(await refusal(() => fromHash(hash))).toMatch(message);
  });
});

test('an empty prompt may be linked to', () => {
  const found = fromHash('seed=3');
  expect(found.prompt).toBe('');
  expect(draftOf(found, found.runs[0]!).seed).toBe(3);
});
