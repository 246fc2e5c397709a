import { describe, expect, test } from 'vitest';
import { fitsToo, logShareOfFirst, poolOf, rankOfFirst } from '../../src/retrieval/pool';

test.each([
  ['a chair', 'a red chair', true],
  ['a Red chair', 'the chair', true],
  ['a red chair', 'a blue chair', false],
  ['a bowl of soup', 'a soup bowl', true],
  ['a car', 'a cart', false],
])('%s and %s: the one fits what the other is said of: %s', (a, b, fits) => {
  expect(fitsToo(a, b)).toBe(fits);
});

test('a pool holds the prompt once, and no caption that fits it', () => {
  const captions = ['a chair', 'a tree', 'a red wooden chair', 'a tree', 'a car', 'a house'];
  expect(poolOf('a red chair', captions, 3)).toEqual(['a red chair', 'a tree', 'a car']);
  expect(poolOf('a red chair', captions, 9)).toHaveLength(4);
});

describe('the rank of the first score', () => {
  test.each([
    [[3, 1, 2], 0],
    [[1, 3, 2], 2],
    [[2, 2], 0],
    [[1], 0],
  ])('of %j is %d', (scores, rank) => {
    expect(rankOfFirst(scores)).toBe(rank);
  });

  test('that is not a number is the last', () => {
    expect(rankOfFirst([Number.NaN, 1, 2])).toBe(2);
  });
});

test('the share of the first is that of a softmax, for large scores too', () => {
  expect(logShareOfFirst([0, 0])).toBeCloseTo(Math.log(0.5));
  expect(logShareOfFirst([1000, 1001])).toBeCloseTo(-Math.log(1 + Math.E));
});
