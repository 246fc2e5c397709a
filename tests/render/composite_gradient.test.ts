import { describe, expect, test } from 'vitest';
import { uniform } from '../../src/random';
import { cosine } from '../points';
import {
  type CompositeInput,
  compositeBackward,
  compositeForward,
  regulariserLoss,
} from '../reference/composite';

/** Four pixels of two rays, each with up to nine points. */
function scene(values: ArrayLike<number>): CompositeInput {
  const rayPoints = [0, 9, 9, 1, 10, 0, 10, 5, 15, 9, 24, 9, 33, 2, 35, 7];
  return {
    views: 1,
    width: 2,
    height: 2,
    raysPerPixel: 2,
    stepLength: 0.1,
    earlyStop: 0,
    rayPoints,
    values,
    distances,
  };
}

const values = Float64Array.from({ length: 4 * 42 }, (_, i) =>
  i % 4 < 3 ? uniform(1, 0, 0, i) : 5 * uniform(1, 1, 0, i),
);
const distances = Float64Array.from({ length: 42 }, (_, i) => 2 + 2 * uniform(1, 3, 0, i));
const viewGradients = Float64Array.from({ length: 16 }, (_, i) => uniform(1, 2, 0, i) - 0.5);

describe.each([
  ['views', viewGradients, { sparsity: 0, opaque: 0, nearness: 0 }],
  ['sparsity', new Float64Array(16), { sparsity: 1, opaque: 0, nearness: 0 }],
  ['opaque', new Float64Array(16), { sparsity: 0, opaque: 1, nearness: 0 }],
  ['nearness', new Float64Array(16), { sparsity: 0, opaque: 0, nearness: 1 }],
  ['all', viewGradients, { sparsity: 0.7, opaque: 0.3, nearness: 0.5 }],
])('%s', (_, gradients, weights) => {
  test('the backward of compositing is its derivative', () => {
    const { depth } = compositeForward(scene(values));
    const loss = (at: Float64Array) => {
      const input = scene(at);
      const { views } = compositeForward(input);
      const seen = views.reduce((sum, x, i) => sum + x * gradients[i]!, 0);
      return seen + regulariserLoss(input, views, depth, weights);
    };
    const h = 1e-5;
    const numeric = Array.from(values, (value, i) => {
      const [up, down] = [values.slice(), values.slice()];
      up[i] = value + h;
      down[i] = value - h;
      return (loss(up) - loss(down)) / (2 * h);
    });
    const analytic = compositeBackward(scene(values), gradients, weights);
    expect(cosine(analytic, numeric)).toBeGreaterThan(1 - 1e-9);
    const errors = numeric.map((x, i) => Math.abs(x - analytic[i]!));
    expect(Math.max(...errors)).toBeLessThan(1e-8);
  });
});
