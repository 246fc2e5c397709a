import { expect, test } from 'vitest';
import { onWhite, viewAt } from '../../src/image/views';

test('what is not there is white', () => {
  const view = Float32Array.from(
    [0, 1, 2].flatMap(() => [0.5, 0, 0.25, 0.5]).concat([1, 0, 0.5, 1]),
  );
  expect([...onWhite(view).subarray(0, 4)]).toEqual([0.5, 1, 0.75, 0.5]);
});

test('a view shares the memory of all', () => {
  const views = Float32Array.from({ length: 12 }, (_, i) => i);
  viewAt(views, 1, 3)[0] = 100;
  expect([...viewAt(views, 1, 3)]).toEqual([100, 5, 6, 7]);
  expect(views[4]).toBe(100);
});
