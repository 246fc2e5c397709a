import { describe, expect, test } from 'vitest';
import { defaults, makeSettings, presetOf, presets, scheduled } from '../../src/settings';
import { refusal } from '../refusal';

const prompt = 'a pine tree';

test('the method brings its preset, later overrides win', () => {
  expect(makeSettings({ prompt }).guidance.baseline).toBe('noise');
  const vsd = makeSettings({ prompt, method: 'vsd' }, { guidance: { scale: 5 } });
  expect(vsd.guidance).toMatchObject({ baseline: 'fake', scale: 5, lambdaDm: 1 });
  expect(vsd.field).toEqual(defaults.field);
});

test('every preset makes valid settings', () => {
  for (const name of Object.keys(presets)) makeSettings({ prompt }, presetOf(name));
});

describe('a schedule', () => {
  const ramp = [0.25, 2, 4, 0.75] as const;
  test.each([
    [0, 2],
    [25, 2],
    [50, 3],
    [75, 4],
    [100, 4],
  ])('after %i of 100 steps is %f', (step, value) => {
    expect(scheduled(ramp, step, 100)).toBeCloseTo(value, 12);
  });
  test('may be a jump or a constant', () => {
    expect(scheduled([0.5, 1, 2, 0.5], 49, 100)).toBe(1);
    expect(scheduled([0.5, 1, 2, 0.5], 51, 100)).toBe(2);
    expect(scheduled(7, 3, 10)).toBe(7);
  });
});

describe('refuses', () => {
  const cases: [name: string, overrides: unknown, message: RegExp][] = [
    ['an empty prompt', { prompt: '  ' }, /prompt is empty/],
    ['a prompt of 10,000 characters', { prompt: 'x'.repeat(10_000) }, /10000 characters; at most/],
    [
      'an unknown method',
      { prompt, method: 'ism' },
      /Unknown method 'ism'. Choose one of sir, sds, vsd/,
    ],
    [
      'an unknown key',
      { prompt, stepz: 3 },
      /Setting 'stepz' is unknown: there are prompt, method/,
    ],
    [
      'an unknown nested key',
      { prompt, field: { level: 3 } },
      /Setting 'field.level' is unknown: there are levels/,
    ],
    [
      'a value of the wrong kind',
      { prompt, steps: '10' },
      /'steps' takes a whole number from 1 to 100000, not "10"/,
    ],
    [
      'a value out of range',
      { prompt, steps: 0 },
      /'steps' takes a whole number from 1 to 100000, not 0/,
    ],
    [
      'a fraction for a count',
      { prompt, field: { levels: 2.5 } },
      /'field.levels' takes a whole number/,
    ],
    [
      'NaN',
      { prompt, seed: Number.NaN },
      /'seed' takes a whole number from 0 to 4294967295, not NaN/,
    ],
    [
      'a schedule for a count',
      { prompt, steps: [0, 1, 2, 1] },
      /'steps' takes a whole number from 1 to 100000, not \[0,1,2,1\]/,
    ],
    ['a schedule running backwards', { prompt, guidance: { scale: [1, 2, 3, 0] } }, /start <= end/],
    [
      'views beyond reason',
      { prompt, render: { size: [0, 128, 2048, 1] } },
      /'render.size' takes a number from 0 to 1024/,
    ],
    [
      'an unknown choice',
      { prompt, guidance: { weighting: 'x' } },
      /'guidance.weighting' takes one of sigma_squared, uniform, sigma_alpha, sigma_over_alpha, not "x"/,
    ],
    [
      'units that no kernel has',
      { prompt, field: { hidden: 24 } },
      /'field.hidden' takes one of 16, 32, 64, not 24/,
    ],
    [
      'the finest level coarser than the coarsest',
      { prompt, field: { minResolution: 100, maxResolution: 50 } },
      /'field.maxResolution' must be at least that of the coarsest level/,
    ],
    [
      'fewer triangles than a tetrahedron has',
      { prompt, mesh: { triangles: 3 } },
      /'mesh.triangles' takes a whole number from 4 to 1000000, or 0, not 3/,
    ],
    [
      'a number for yes or no',
      { prompt, guidance: { threshold: 1 } },
      /'guidance.threshold' takes true or false, not 1/,
    ],
    [
      'infinity',
      { prompt, optim: { mlpLearningRate: Infinity } },
      /takes a number from 0 up.*Infinity/,
    ],
    [
      'an infinite end',
      { prompt, loss: { opaque: [0, 1, 1, Infinity] } },
      /'loss.opaque' takes a number/,
    ],
    [
      'a negative weight',
      { prompt, loss: { opaque: [0, 0, -1, 1] } },
      /'loss.opaque' takes a number/,
    ],
    ['nothing', { prompt, steps: null }, /'steps' takes a whole number.*not null/],
    ['a value for a group', { prompt, field: 3 }, /'field' is a group of settings, not 3/],
  ];
  test.each(cases)('%s', async (_, overrides, message) => {
    expect(await refusal(() => makeSettings(overrides as never))).toMatch(message);
  });
  test('an unknown preset', () => {
    expect(() => presetOf('ultra')).toThrow(/Unknown preset 'ultra'/);
  });
});
