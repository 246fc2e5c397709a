import { expect, test } from 'vitest';
import { colourSamples, compositeColours } from '../../../src/mesh/surface/colours';

test('colours are sampled from outside to inside along the normal', () => {
  const points = colourSamples(Float32Array.of(0.5, 0, 0), Float32Array.of(1, 0, 0));
  const along = points.filter((_, i) => i % 3 === 0);
  expect(along[0]).toBeGreaterThan(0.5);
  expect(along.at(-1)).toBeLessThan(0.45);
  expect([...along]).toEqual([...along].sort((a, b) => b - a));
  expect(points.filter((_, i) => i % 3 !== 0).every((value) => value === 0)).toBe(true);
});

test('the colour seen is that of the outer layer, whatever lies deeper', () => {
  const depths = colourSamples(new Float32Array(3), Float32Array.of(0, 0, 1));
  const values = (layers: (z: number) => number[]) =>
    Float32Array.from([...depths].flatMap((z, i) => (i % 3 === 2 ? layers(z) : [])));
  const opaque = compositeColours(
    values((z) => (z > 0.005 ? [0, 1, 0, 0] : z > -0.045 ? [1, 0.5, 0, 1e4] : [0, 0, 1, 1e4])),
  );
  expect([...opaque]).toEqual([1, 0.5, 0]);
  const empty = compositeColours(values((z) => [z > -0.005 && z < 0.005 ? 1 : 0, 0, 0.25, 0]));
  expect([...empty]).toEqual([1, 0, 0.25]);
  const [red, , blue] = compositeColours(
    values((z) => (z > -0.025 ? [1, 0, 0, 20] : [0, 0, 1, 20])),
  );
  const front = 1 - Math.exp(-20 * 0.05);
  const all = 1 - Math.exp(-20 * 0.1);
  expect(red).toBeCloseTo(front / all, 5);
  expect(blue).toBeCloseTo(1 - front / all, 5);
});
