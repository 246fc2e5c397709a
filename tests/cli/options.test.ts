import { afterEach, expect, test, vi } from 'vitest';
import { helpText, parseOptions } from '../../src/cli/options';
import { makeSettings, settingEntries } from '../../src/settings';
import { refusal } from '../refusal';

const prompt = 'a chair';
const settingsOf = (...args: string[]) => parseOptions([prompt, ...args]).settings;

test('flags are the settings of their name', () => {
  expect(settingsOf()).toEqual(makeSettings({ prompt }));
  const flags = [
    ...[
      '--method',
      'vsd',
      '--seed',
      '7',
      '--field.hidden',
      '64',
      '--guidance.scale',
      '[0,7.5,3,1]',
    ],
    ...['--loss.opaque', '0.2, 0, 0.1, 1', '--guidance.threshold', 'false', '--mesh.format', 'ply'],
    ...['--guidance.negative', '1984'],
  ];
  expect(settingsOf(...flags)).toEqual(
    makeSettings({
      prompt,
      method: 'vsd',
      seed: 7,
      field: { hidden: 64 },
      guidance: { scale: [0, 7.5, 3, 1], threshold: false, negative: '1984' },
      loss: { opaque: [0.2, 0, 0.1, 1] },
      mesh: { format: 'ply' },
    }),
  );
});

test('--negative is short for the setting, which wins', () => {
  expect(settingsOf('--negative', 'blurry').guidance.negative).toBe('blurry');
  const both = ['--negative', 'blurry', '--guidance.negative', 'dark'];
  expect(settingsOf(...both).guidance.negative).toBe('dark');
});

test('--textbook is the equation of the paper, and flags may still change it', () => {
  const { guidance, loss } = settingsOf('--method', 'sds', '--textbook');
  expect(guidance).toMatchObject({
    baseline: 'noise',
    lambdaDm: 1,
    scale: 100,
    threshold: false,
    rescale: 0,
    minTimestep: 0.02,
    maxTimestep: 0.98,
    weighting: 'sigma_squared',
    settle: 0,
  });
  expect(loss).toEqual({ sparsity: 0, opaque: 0, nearness: 0 });
  expect(settingsOf('--textbook', '--guidance.scale', '20').guidance.scale).toBe(20);
  expect(settingsOf('--method', 'vsd', '--textbook').guidance.scale).toBe(7.5);
});

test('--help names every setting but the prompt, which is no flag', () => {
  const text = helpText();
  for (const { path } of settingEntries) {
    expect(new RegExp(`^  --${path} `, 'm').test(text), path).toBe(path !== 'prompt');
  }
  expect(text).toMatch(/--field.levels N +levels of the hash grid \(from 1 to 16; default: 8\)/);
});

test.each([
  ['--guidance.threshold', 'maybe', /'guidance.threshold' takes true or false, not "maybe"/],
  ['--guidance.scale', 'high', /'guidance.scale' takes a number from 0 up, or \[start/],
  ['--guidance.scale', '1,2,3', /'guidance.scale' takes.*not \[1,2,3\]/],
  ['--field.hidden', '24', /'field.hidden' takes one of 16, 32, 64, not "24"/],
  ['--field.levels', '', /'field.levels' takes a whole number from 1 to 16, not ""/],
  ['--guidance.negative', 'x'.repeat(1001), /takes a text of at most 1000 characters/],
])('%s %s is refused', (flag, text, message) => {
  expect(() => settingsOf(flag, text)).toThrow(message);
});

afterEach(() => vi.unstubAllEnvs());

test('an option that npm took for its own is named', () => {
  vi.stubEnv('npm_lifecycle_event', 'generate');
  vi.stubEnv('npm_config_method', 'true');
  // npm run generate "a chair" --method vsd: the value becomes a second prompt.
  expect(() => parseOptions([prompt, 'vsd'])).toThrow(
    'npm took --method for an option of its own.',
  );
  vi.stubEnv('npm_lifecycle_event', undefined);
  expect(() => parseOptions([prompt, 'vsd'])).toThrow('There are 2 prompts.');
});

test('a prompt in several words is told of npm where npm passed it on', async () => {
  vi.stubEnv('npm_lifecycle_event', 'generate');
  vi.stubEnv('npm_config_method', undefined);
  // npm keeps an option whose name has a dot, and says nothing of it.
  expect(await refusal(() => parseOptions([prompt, '30']))).toMatch(
    /2 prompts.*-- before the options/,
  );
});
