import { expect, test } from 'vitest';
import { printPositions } from '../../../src/mesh/export/print';

test('the top is up z, the front faces -y, the base is on the bed and the middle over its origin', () => {
  // Of an object 2 high, 1 wide and 4 deep: the middle of its top, front, right and base.
  const positions = new Float32Array([1, 3, 5, 1, 2, 7, 1.5, 2, 5, 1, 1, 5, 0.5, 2, 3]);
  const [top, front, right, base] = [0, 3, 6, 9].map((at) => [
    ...printPositions(positions, 60).subarray(at, at + 3),
  ]);
  expect(top).toEqual([0, 0, 60]);
  expect(front).toEqual([0, -60, 30]);
  expect(right).toEqual([15, 0, 30]);
  expect(base).toEqual([0, 0, 0]);
});

test('what has no height is as long as asked', () => {
  const flat = new Float32Array([0, 1, 0, 4, 1, 0, 0, 1, 2]);
  expect([...printPositions(flat, 60)]).toEqual([-30, 15, 0, 30, 15, 0, -30, -15, 0]);
});
