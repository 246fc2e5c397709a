import { describe, expect, test } from 'vitest';
import {
  colourName,
  colourNoise,
  mainColour,
  namedColour,
  obeysColour,
  saturatedShare,
} from '../../src/eval/colours';
import { drawn } from './pictures';

test.each([
  ['a red chair', 'red'],
  ['A GRAY castle', 'grey'],
  ['a red and white boat', undefined],
  ['a chair', undefined],
  ['a shredder', undefined],
])('%s names %s', (prompt, colour) => {
  expect(namedColour(prompt)).toBe(colour);
});

test.each([
  [[0.8, 0.1, 0.1], 'red'],
  [[0.9, 0.5, 0.1], 'orange'],
  [[0.45, 0.28, 0.12], 'brown'],
  [[0.85, 0.8, 0.2], 'yellow'],
  [[0.2, 0.6, 0.2], 'green'],
  [[0.1, 0.6, 0.65], 'turquoise'],
  [[0.15, 0.25, 0.8], 'blue'],
  [[0.5, 0.15, 0.6], 'purple'],
  [[0.95, 0.6, 0.7], 'pink'],
  [[0.9, 0.9, 0.92], 'white'],
  [[0.5, 0.5, 0.5], 'grey'],
  [[0.1, 0.1, 0.1], 'black'],
] as const)('%j is called %s', (colour, name) => {
  expect(colourName(colour)).toBe(name);
});

describe('the main colour', () => {
  // Three fifths red, lit from 0.6 to 1, the rest green.
  const views = drawn(20, (x, y) => {
    if (y >= 2) return [0.1, 0.5, 0.1, 1];
    const light = 0.6 + 0.4 * (x / 20 + 0.5);
    return [0.9 * light, 0.1 * light, 0.1 * light, 1];
  });

  test('leaves out what is of another colour', () => {
    const [red, green, blue] = mainColour(views)!;
    expect(green / red).toBeCloseTo(1 / 9, 2);
    expect(blue / red).toBeCloseTo(1 / 9, 2);
  });

  test('decides whether the prompt is obeyed', () => {
    expect(obeysColour('a red box', views)).toBe(true);
    expect(obeysColour('a green box', views)).toBe(false);
    expect(obeysColour('a box', views)).toBeUndefined();
  });

  test('of nothing is none, and obeys no colour', () => {
    const nothing = drawn(4, () => [0, 0, 0, 0]);
    expect(mainColour(nothing)).toBeUndefined();
    expect(obeysColour('a red box', nothing)).toBe(false);
  });
});

describe('colour noise', () => {
  test('is none on a linear shade, whatever the alpha', () => {
    const shade = drawn(32, (x) => [0.5 + x / 64, 0.5, 0.4, 0.95]);
    expect(colourNoise(shade)).toBeLessThan(1e-6);
  });

  test('of a checkerboard of two levels is their difference', () => {
    const board = drawn(32, (x, y) => {
      const level = (x - 0.5 + (y - 0.5)) % 2 === 0 ? 0.4 : 0.6;
      return [level, level, level, 1];
    });
    expect(colourNoise(board)).toBeCloseTo(0.2, 5);
  });

  test('is none where nothing is covered', () => {
    expect(colourNoise(drawn(8, () => [1, 1, 1, 0.5]))).toBeNaN();
  });
});

test('the saturated share counts channels at either end, of covered pixels alone', () => {
  const half = drawn(8, (x) => (x < 0 ? [1, 0, 0.5, 1] : [0, 0, 0, 0.5]));
  expect(saturatedShare(half)).toBeCloseTo(2 / 3);
  expect(saturatedShare(drawn(8, () => [0.5, 0.4, 0.3, 1]))).toBe(0);
  expect(saturatedShare(drawn(8, () => [0, 0, 0, 0]))).toBeNaN();
});
