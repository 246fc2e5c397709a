import { expect, test } from 'vitest';
import { Series } from '../../src/ui/series';

test('a series keeps its shape in bounded memory', () => {
  const series = new Series();
  const count = 10_000;
  for (let i = 0; i < count; i++) series.add(i);
  series.add(Number.NaN);
  expect(series.points.length).toBeLessThan(240);
  const each = series.points[1]! - series.points[0]!;
  series.points.forEach((value, i) => {
    expect(value).toBe((each - 1) / 2 + i * each);
  });
  expect(series.points.at(-1)).toBeGreaterThan(count - 2 * each);
  series.clear();
  expect(series.points).toEqual([]);
});
