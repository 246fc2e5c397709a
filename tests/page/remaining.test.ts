import { expect, test } from 'vitest';
import { clock, Remaining } from '../../src/ui/remaining';

test('the remaining time forgets a pace that is past', () => {
  const remaining = new Remaining();
  expect(remaining.seconds(10)).toBeUndefined();
  for (let i = 0; i <= 5; i++) remaining.note(100 * i, i);
  expect(remaining.seconds(10)).toBeCloseTo(500);
  for (let i = 1; i <= 30; i++) remaining.note(500 + i, 5 + i);
  expect(remaining.seconds(45)).toBeCloseTo(10);
});

test.each([
  [7, '0:07'],
  [750, '12:30'],
  [3723.4, '1:02:03'],
  [-3, '0:00'],
])('%d seconds read %s', (seconds, text) => {
  expect(clock(seconds)).toBe(text);
});
