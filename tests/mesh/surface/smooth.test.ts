import { expect, test } from 'vitest';
import { taubinSmooth } from '../../../src/mesh/surface/smooth';
import { uniform } from '../../../src/random';
import { measure, sphere } from '../../reference/marching_cubes_shapes';
import { surfaceOf } from '../meshes';

test('smoothing takes the bumps and leaves the volume', () => {
  const { positions, indices } = surfaceOf(sphere(0.7));
  const bumpy = positions.map((value, i) => value + 0.02 * (uniform(1, 0, 0, i) - 0.5));
  const roughness = (values: Float32Array) => {
    let sum = 0;
    for (let i = 0; i < values.length; i += 3) {
      sum += (Math.hypot(values[i]!, values[i + 1]!, values[i + 2]!) - 0.7) ** 2;
    }
    return Math.sqrt(sum / (values.length / 3));
  };
  const smooth = taubinSmooth({ positions: bumpy, indices }, 10);
  expect(roughness(smooth)).toBeLessThan(0.5 * roughness(bumpy));
  const ratio = measure(smooth, indices).volume / measure(bumpy, indices).volume;
  expect(Math.abs(ratio - 1)).toBeLessThan(0.01);
  expect(taubinSmooth({ positions, indices }, 0)).toEqual(positions);
});
