import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compare,
  type Divergence,
  gradient,
  js,
  kl,
  logDensities,
  objective,
  quadrature,
} from '../../src/lab/line/divergence';
import { optima, runFit } from '../../src/lab/line/fit';
import { landscape } from '../../src/lab/line/landscape';
import { type Mixture, mixtureText, moments, parseMixture } from '../../src/lab/line/mixture';

const p = parseMixture('2N(-1.5, 0.5) + N(2, 0.8)');
const q = parseMixture('N(0.2, 1.3)');

const gaussianKl = (m1: number, s1: number, m2: number, s2: number) =>
  Math.log(s2 / s1) + (s1 * s1 + (m1 - m2) ** 2) / (2 * s2 * s2) - 0.5;

describe('divergences', () => {
  test('of two Gaussians are the closed forms', () => {
    const one = compare(parseMixture('N(-1, 0.3)'), parseMixture('N(2, 1.7)'), 0.5);
    expect(one.forward).toBeCloseTo(gaussianKl(-1, 0.3, 2, 1.7), 10);
    expect(one.reverse).toBeCloseTo(gaussianKl(2, 1.7, -1, 0.3), 8);
  });

  test('of a density and itself are zero', () => {
    const same = compare(p, p, 0.3);
    for (const value of [same.forward, same.reverse, same.js]) expect(value).toBeLessThan(1e-30);
  });

  test('JS_β tends to the forward and the reverse KL divergence', () => {
    // The first term left out is β χ² / 2: densities whose χ² is large either way get there later.
    const [a, b] = [parseMixture('N(-0.6, 0.9) + N(0.8, 1)'), parseMixture('N(0.3, 1.1)')];
    const errors = (beta: number) => {
      const [low, high] = [compare(a, b, beta), compare(a, b, 1 - beta)];
      return [low.jsOverBeta / low.forward - 1, high.jsOverRest / high.reverse - 1].map(Math.abs);
    };
    const [near, nearer] = [errors(1e-4), errors(1e-5)];
    for (const [i, error] of near.entries()) {
      expect(error).toBeLessThan(1e-3);
      // What is left is of the first order in β.
      expect(nearer[i]! / error).toBeCloseTo(0.1, 2);
    }
    expect(compare(p, q, 0).jsOverBeta).toBe(compare(p, q, 0.5).forward);
    expect(compare(p, q, 1).jsOverRest).toBe(compare(p, q, 0.5).reverse);
  });

  test('JS_β of densities that do not meet is the entropy of β', () => {
    const beta = 0.3;
    const far = compare(parseMixture('N(-20, 0.5)'), parseMixture('N(20, 0.5)'), beta);
    expect(far.js).toBeCloseTo(-beta * Math.log(beta) - (1 - beta) * Math.log(1 - beta), 10);
  });

  test('are positive, bounded and symmetric as they should be', () => {
    const part = fc.record({
      mean: fc.double({ min: -5, max: 5, noNaN: true }),
      deviation: fc.double({ min: 0.2, max: 3, noNaN: true }),
      weight: fc.constant(1),
    });
    const beta = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(part, part, beta, (a, b, share) => {
        const there = compare([a], [b], share);
        const back = compare([b], [a], 1 - share);
        expect(there.forward).toBeGreaterThanOrEqual(0);
        expect(there.js).toBeGreaterThanOrEqual(0);
        expect(there.js).toBeLessThanOrEqual(Math.LN2 + 1e-9);
        expect(back.js).toBeCloseTo(there.js, 9);
        expect(back.forward).toBeCloseTo(there.reverse, 9);
      }),
      { numRuns: 60, seed: 1 },
    );
  });
});

describe('the optimal discriminator', () => {
  const grid = quadrature([p, q]);
  const [logP, logQ] = [logDensities(p, grid), logDensities(q, grid)];
  const integral = (f: (p: number, q: number, d: number) => number) =>
    grid.step *
    logP.reduce((sum, log, i) => {
      const [a, b] = [Math.exp(log), Math.exp(logQ[i]!)];
      return sum + f(a, b, 1 / (1 + Math.exp(logQ[i]! - log)));
    }, 0);
  const log = (value: number) => Math.log(Math.max(value, 1e-300));

  test("'s log loss is log 4 - 2 JS (Goodfellow et al., theorem 1)", () => {
    const loss = integral((a, b, d) => -a * log(d) - b * log(1 - d));
    expect(loss).toBeCloseTo(Math.log(4) - 2 * js(0.5, logP, logQ, grid.step), 9);
  });

  test("'s least squares are half the Pearson χ² of p + q and 2q (Mao et al., equation 8)", () => {
    // With labels -1 and 1, and 0 wanted of the generator, at the optimum (p - q) / (p + q).
    const generator = integral((a, b) => ((a + b) * ((a - b) / Math.max(a + b, 1e-300)) ** 2) / 2);
    const pearson = integral((a, b) => (2 * b - (a + b)) ** 2 / Math.max(a + b, 1e-300));
    expect(generator).toBeCloseTo(pearson / 2, 12);
  });

  test("'s non-saturating loss with the KL that it hides (Arjovsky and Bottou, theorem 2.5)", () => {
    // E_q[-log D] = KL(q ‖ p) - KL(q ‖ m) + log 2: its gradient is that of reverse KL - 2 JS.
    const logM = logP.map((value, i) => Math.log((Math.exp(value) + Math.exp(logQ[i]!)) / 2));
    const loss = integral((_, b, d) => -b * log(d));
    const reverse = kl(logQ, logP, grid.step);
    expect(loss).toBeCloseTo(reverse - kl(logQ, logM, grid.step) + Math.LN2, 7);
  });
});

describe('gradients', () => {
  const many = parseMixture('N(-1, 0.7) + 3N(1.4, 0.9)');
  const cases: Divergence[] = [
    { kind: 'forward' },
    { kind: 'reverse' },
    ...[0, 0.1, 0.5, 0.9, 1].map((beta) => ({ kind: 'js' as const, beta })),
  ];
  test.each(cases)('of %o are central differences', (divergence) => {
    const grid = quadrature([p, many]);
    const logP = logDensities(p, grid);
    const slope = gradient(divergence, logP, many, grid);
    const logits = many.map(({ weight }) => Math.log(weight));
    const at = (means: number[], logs: number[], weights: number[]): number => {
      const total = weights.reduce((sum, l) => sum + Math.exp(l), 0);
      const moved: Mixture = means.map((mean, k) => ({
        mean,
        deviation: Math.exp(logs[k]!),
        weight: Math.exp(weights[k]!) / total,
      }));
      return objective(divergence, logP, logDensities(moved, grid), grid.step);
    };
    const start = [
      many.map(({ mean }) => mean),
      many.map(({ deviation }) => Math.log(deviation)),
      logits,
    ] as const;
    const exact = [slope.mean, slope.logDeviation, slope.logit];
    for (const [kind, values] of exact.entries()) {
      for (let k = 0; k < many.length; k++) {
        const moved = (h: number) => {
          const copies = start.map((list) => [...list]) as [number[], number[], number[]];
          copies[kind]![k]! += h;
          return at(...copies);
        };
        expect(values[k]).toBeCloseTo((moved(1e-5) - moved(-1e-5)) / 2e-5, 6);
      }
    }
  });
});

describe('fits', () => {
  const apart = parseMixture('N(-3, 0.5) + N(3, 0.5)');

  test('forward KL matches the moments of the whole', () => {
    const [best] = optima({ kind: 'forward' }, apart);
    const { mean, deviation } = moments(apart);
    expect(best!.mean).toBeCloseTo(mean, 5);
    expect(best!.deviation).toBeCloseTo(deviation, 5);
  });

  test('reverse KL takes one mode, and has an optimum at each', () => {
    const found = optima({ kind: 'reverse' }, apart);
    expect(found[0]!.value).toBeCloseTo(Math.LN2, 2);
    const means = found.slice(0, 2).map(({ mean }) => Math.round(mean));
    expect(means.sort()).toEqual([-3, 3]);
  });

  test('JS_β goes from covering to seeking as β grows', () => {
    const widths = [0.001, 0.999].map((beta) => optima({ kind: 'js', beta }, apart)[0]!.deviation);
    expect(widths[0]).toBeGreaterThan(1.5);
    expect(widths[1]).toBeLessThan(0.7);
  });

  test('a mixture of as many parts finds the whole', () => {
    const start = parseMixture('N(-1, 1) + N(1, 1)');
    const { value, q: found } = runFit({ kind: 'forward' }, p, start);
    expect(value).toBeLessThan(1e-6);
    expect(mixtureText(found)).toBe('0.6667N(-1.5, 0.5) + 0.3333N(2, 0.8)');
  });

  test('no point of a landscape lies below its optimum', () => {
    const window = { means: [-6, 6], deviations: [0.2, 6] } as const;
    for (const divergence of [{ kind: 'forward' }, { kind: 'js', beta: 0.5 }] as const) {
      const { values } = landscape(divergence, apart, window, 23, 17);
      const [best] = optima(divergence, apart);
      expect(Math.min(...values)).toBeGreaterThan(best!.value);
      expect(Math.min(...values)).toBeLessThan(best!.value + 0.1);
    }
  });
});

describe('a mixture in words', () => {
  test('is read and written', () => {
    expect(mixtureText(p)).toBe('0.6667N(-1.5, 0.5) + 0.3333N(2, 0.8)');
    expect(parseMixture('N(1e-3,.5)+n( -2. , 3 )')).toHaveLength(2);
  });
  test.each([
    ['', 'is empty'],
    ['N(0,1) + ', "has 'N(0,1) +'"],
    ['N(0)', "has 'N(0)'"],
    ['N(NaN, 1)', "has 'N(NaN, 1)'"],
    ['N(0, 0)', 'has N(0, 0)'],
    ['N(0, 1e9)', 'has N(0, 1000000000)'],
    ['N(1e300, 1)', 'has N(1e+300, 1)'],
    ['0N(0, 1)', 'weighs N(0, 1) by 0'],
    ['-1N(0, 1)', 'weighs N(0, 1) by -1'],
    [Array(13).fill('N(0,1)').join('+'), 'has 13 components'],
    ['<img src=x onerror=alert(1)>', "has '<img"],
  ])('%s is refused', (text, words) => {
    expect(() => parseMixture(text, 'The target')).toThrow(`The target ${words}`);
  });
});
