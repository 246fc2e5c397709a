import { expect, test } from 'vitest';
import { hasRemedy, inWords, LimbeckError } from '../src/errors';
import { SettingsError } from '../src/settings';

test('an error of ours says what happened and what to do', () => {
  const error = new LimbeckError('The table is too large.', 'Choose fewer levels.');
  expect(error.message).toBe('The table is too large.');
  expect(inWords(error)).toBe('The table is too large. Choose fewer levels.');
  expect(inWords(new SettingsError('Odd.', 'Even it out.'), 'Wait.')).toBe('Odd. Even it out.');
});

test('so does one of another library that has a remedy', () => {
  const error = Object.assign(new Error('No shape.'), { remedy: 'Export it with one.' });
  expect(hasRemedy(error)).toBe(true);
  expect(inWords(error)).toBe('No shape. Export it with one.');
});

test('what nobody foresaw gets the remedy that fits the place', () => {
  expect(hasRemedy(new TypeError('x is undefined'))).toBe(false);
  expect(inWords(new TypeError('x is undefined'))).toMatch(/^x is undefined\. Reset/);
  expect(inWords('gone')).toMatch(/^gone\. Reset/);
  expect(inWords('Gone.', 'Try again.')).toBe('Gone. Try again.');
});

test('the cause is kept', () => {
  const cause = new Error('inside');
  expect(new LimbeckError('Outside.', 'Look inside.', { cause }).cause).toBe(cause);
});
