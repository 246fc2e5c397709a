import { describe, expect, test } from 'vitest';
import { defaults, makeSettings, presetOf, SettingsError } from '../../src/settings';
import { type Choices, choicesOf, firstChoices, settingsFor } from '../../src/ui/choices';
import { fromHash, toHash } from '../../src/ui/share';

const choices: Choices = {
  prompt: 'a pine tree & 100% "snow"',
  methods: ['vsd'],
  seed: 4_294_967_295,
  preset: 'tiny',
  changes: {
    'field.levels': 6,
    'loss.sparsity': [0, 0, 0.1, 0.5],
    'vsd.guidance.weighting': 'uniform',
    'vsd.guidance.sharedTimestep': false,
    'vsd.guidance.negative': '1984',
  },
};

test('a link brings back what was chosen', () => {
  expect(fromHash(`#${toHash(choices)}`)).toEqual(choices);
  expect(fromHash('')).toEqual(firstChoices);
});

test('what is as it was at first is not in the link', () => {
  expect(toHash(firstChoices)).toBe('');
  expect(toHash({ ...firstChoices, prompt: 'a house' })).toBe('prompt=a+house');
});

test('a method has the changes of its own guidance and all others', () => {
  const changes = { 'sds.guidance.scale': 50, 'field.levels': 6 };
  const both = { ...firstChoices, prompt: 'a house', changes };
  expect(settingsFor(both, 'sds')).toMatchObject({ guidance: { scale: 50 }, field: { levels: 6 } });
  expect(settingsFor(both, 'vsd').guidance.scale).not.toBe(50);
  expect(settingsFor(both, 'vsd').field.levels).toBe(6);
});

test('choices can be read off settings', () => {
  const settings = makeSettings(presetOf('tiny'), {
    prompt: 'a house',
    method: 'vsd',
    seed: 3,
    guidance: { scale: 9 },
  });
  const found = choicesOf(settings);
  expect(found).toMatchObject({ prompt: 'a house', methods: ['vsd'], seed: 3, preset: 'default' });
  expect(found.changes).toMatchObject({ 'vsd.guidance.scale': 9 });
  expect(settingsFor(found, 'vsd')).toEqual(settings);
});

test('a link of an earlier version means what it meant', () => {
  const earlier =
    '#prompt=a+chair&method=vsd&seed=7&preset=tiny&optim.sparsity=%5B0%2C0%2C0.1%2C0.5%5D&optim.opaque=0.2' +
    '&optim.nearness=0.01&vsd.guidance.matching=0.5&sds.guidance.scale=7.5&vsd.guidance.sharedTimestep=false' +
    '&field.levels=6&mesh.format=obj';
  const found = fromHash(earlier);
  expect(found).toEqual({
    prompt: 'a chair',
    methods: ['vsd'],
    seed: 7,
    preset: 'tiny',
    changes: {
      'loss.sparsity': [0, 0, 0.1, 0.5],
      'loss.opaque': 0.2,
      'loss.nearness': 0.01,
      'vsd.guidance.lambdaDm': 0.5,
      'sds.guidance.scale': 7.5,
      'vsd.guidance.sharedTimestep': false,
      'field.levels': 6,
      'mesh.format': 'obj',
    },
  });
  expect(fromHash(`#${toHash(found)}`)).toEqual(found);
});

describe('a link is refused in words', () => {
  test.each([
    ['preset=huge', /Unknown preset 'huge'/],
    ['method=sds,gan', /Unknown method 'gan'/],
    ['seed=-1', /'seed' takes a whole number from 0 to 4294967295, not -1/],
    ['seed=x', /'seed' takes a whole number/],
    ['field.levels=99', /'field.levels' takes a whole number from 1 to 16, not 99/],
    ['field.depth=3', /Unknown setting 'field.depth'/],
    ['guidance.scale=3', /Unknown setting 'guidance.scale'/],
    ['sds.guidance.weighting=cubic', /'guidance.weighting' takes one of/],
    ['field=3', /Unknown setting 'field'/],
    ['__proto__=3', /Unknown setting '__proto__'/],
    [`prompt=${'x'.repeat(1001)}`, /prompt has 1001 characters/],
  ])('%s', (hash, message) => {
    expect(() => fromHash(hash)).toThrow(SettingsError);
    expect(() => fromHash(hash)).toThrow(message);
  });
});

test('an empty prompt may be linked to but not run', () => {
  expect(fromHash('seed=3').prompt).toBe('');
  expect(() => settingsFor(fromHash('seed=3'), 'sds')).toThrow(/prompt is empty/);
  expect(settingsFor({ ...firstChoices, prompt: 'a cup' }, 'sds').steps).toBe(defaults.steps);
});
