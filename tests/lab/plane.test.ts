import { describe, expect, test } from 'vitest';
import { type Contestant, contest, spread } from '../../src/lab/plane/coverage';
import { blurredTarget, coverage, klOf } from '../../src/lab/plane/measures';
import { planeMethodIds, planeMethodOf } from '../../src/lab/plane/methods';
import {
  evenMixture,
  levelOf,
  type PlaneMixture,
  scoreAt,
  together,
  unnoised,
} from '../../src/lab/plane/mixture';
import { type PlaneSettings, planeSettings } from '../../src/lab/plane/settings';
import { Simulation } from '../../src/lab/plane/simulation';
import {
  ownTarget,
  parsePoints,
  pointsText,
  targetIds,
  targets,
} from '../../src/lab/plane/targets';
import { normal } from '../../src/random';
import { complete } from '../../src/schema';

const into = () => ({ log: 0, x: 0, y: 0 });
const settings = (given: Partial<PlaneSettings> = {}): PlaneSettings =>
  complete(planeSettings, given);
const largest = (a: Float64Array, b: Float64Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

describe('scores', () => {
  const { all } = targets.grid.make();
  test.each([0.05, 0.4, 0.9])('at τ = %d are the gradient of the log density', (tau) => {
    const level = levelOf(tau);
    for (const [x, y] of [
      [0.3, -0.7],
      [1.9, 1.2],
    ] as const) {
      const { x: sx, y: sy } = scoreAt(all, level, x, y, into());
      const log = (dx: number, dy: number) => scoreAt(all, level, x + dx, y + dy, into()).log;
      const h = 1e-5;
      expect(sx).toBeCloseTo((log(h, 0) - log(-h, 0)) / (2 * h), 4);
      expect(sy).toBeCloseTo((log(0, h) - log(0, -h)) / (2 * h), 4);
    }
  });

  test('a density is one in all', () => {
    const mixed = together(evenMixture([[0.5, 0]], 0.3), evenMixture([[-1, 1]], 0.5), 0.3);
    let sum = 0;
    for (let i = -60; i <= 60; i++) {
      for (let j = -60; j <= 60; j++) {
        sum += Math.exp(scoreAt(mixed, unnoised, i / 10, j / 10, into()).log) / 100;
      }
    }
    expect(sum).toBeCloseTo(1, 6);
  });

  test('far away they are finite', () => {
    const far = scoreAt(all, levelOf(0.02), 1e4, -1e4, into());
    expect(Object.values(far).every(Number.isFinite)).toBe(true);
  });
});

describe('the family', () => {
  const target = targets.ring.make();
  const run = (id: (typeof planeMethodIds)[number], given: Partial<PlaneSettings>, steps = 5) => {
    const simulation = new Simulation(planeMethodOf(id), target, settings(given));
    for (let i = 0; i < steps; i++) simulation.advance();
    return simulation;
  };

  test('SDS is VSD with point masses', () => {
    const given = { width: 0, together: false, guidance: 2, particles: 9 };
    expect(largest(run('sds', given).positions, run('vsd', given).positions)).toBeLessThan(1e-12);
    const wide = { ...given, width: 0.3 };
    expect(largest(run('sds', wide).positions, run('vsd', wide).positions)).toBeGreaterThan(1e-2);
  });

  test('one particle is a point mass however q is counted', () => {
    const given = { particles: 1 };
    expect(largest(run('sds', given).positions, run('vsd', given).positions)).toBeLessThan(1e-12);
  });

  test('VSD with exact scores is the gradient of the reverse KL divergence', () => {
    // q = N(θ, h²) at one level: σ/α g is the pathwise gradient of KL(q_τ ‖ p_τ) by θ over α².
    const [tau, width] = [0.5, 0.4];
    const given = { particles: 1, together: false, width, tauLow: tau, tauHigh: tau, draws: 16 };
    const vsd = new Simulation(planeMethodOf('vsd'), target, settings(given));
    const start = vsd.positions.slice();
    const mean = [0, 0];
    const rounds = 3000;
    for (let i = 0; i < rounds; i++) {
      vsd.step = i;
      vsd.measure();
      for (const axis of [0, 1]) mean[axis]! += vsd.terms.matching[axis]! / rounds;
    }
    const level = levelOf(tau);
    const kl = (dx: number, dy: number) => {
      const q = evenMixture([[start[0]! + dx, start[1]! + dy]], width);
      const deviation = Math.hypot(level.alpha * width, level.sigma);
      // The midpoint rule within six deviations.
      const n = 90;
      const cell = (12 * deviation) / n;
      let sum = 0;
      for (let i = 0; i < n * n; i++) {
        const x = level.alpha * q.x[0]! + ((i % n) + 0.5) * cell - 6 * deviation;
        const y = level.alpha * q.y[0]! + (Math.floor(i / n) + 0.5) * cell - 6 * deviation;
        const log = scoreAt(q, level, x, y, into()).log;
        sum += Math.exp(log) * (log - scoreAt(target.asked, level, x, y, into()).log);
      }
      return sum * cell * cell;
    };
    const h = 1e-4;
    const exact = [(kl(h, 0) - kl(-h, 0)) / (2 * h), (kl(0, h) - kl(0, -h)) / (2 * h)];
    const factor = level.alpha / level.sigma;
    const size = Math.hypot(...exact);
    expect(size).toBeGreaterThan(0.01);
    for (const axis of [0, 1]) {
      expect(Math.abs(factor * mean[axis]! - exact[axis]!)).toBeLessThan(0.03 * size);
    }
  });

  test('Decoupled DMD without guidance is VSD; CSD without guidance stands still', () => {
    const unguided = { guidance: 0 };
    expect(largest(run('decoupled', unguided).positions, run('vsd', unguided).positions)).toBe(0);
    const still = run('csd', unguided);
    expect(largest(still.positions, run('csd', unguided, 0).positions)).toBe(0);
  });

  test('the GAN’s step is VSD’s at its smallest τ, weighed by 1 - D', () => {
    const single = { tauLow: 0.2, tauHigh: 0.2, particles: 24, draws: 1 };
    const [one, two] = [run('gan', single, 1), run('vsd', single, 1)];
    for (const [i, term] of one.terms.matching.entries()) {
      const share = term / two.terms.matching[i]!;
      expect(share).toBeGreaterThanOrEqual(0);
      expect(share).toBeLessThanOrEqual(1);
    }
  });

  test.each(planeMethodIds)(
    '%s: a seed repeats a run, stays finite, and measures its variance',
    (id) => {
      const given = { particles: 16, guidance: 3, draws: 3, seed: 7 };
      const [one, again] = [run(id, given, 60), run(id, given, 60)];
      expect(one.positions).toEqual(again.positions);
      expect(one.positions.every(Number.isFinite)).toBe(true);
      expect(one.variance).toBeGreaterThan(0);
    },
  );

  test('a gradient that leaves the plane is said to', () => {
    const wild = new Simulation(
      planeMethodOf('vsd'),
      target,
      settings({ rate: 0.3, guidance: 10 }),
    );
    wild.positions.fill(1e8);
    expect(() => wild.advance()).toThrow('VSD left the plane at step 0');
  });
});

describe('mode coverage', () => {
  test('forward KL and VSD cover the ring, reverse KL and SDS do not', () => {
    const of = (who: Contestant) =>
      contest(who, 'ring', settings({ draws: 1, guidance: 0, seed: 1 }), 400).covered;
    expect(of('forward-kl')).toBe(1);
    expect(of('vsd')).toBe(1);
    expect(of('reverse-kl')).toBeLessThan(0.9);
    expect(of('sds')).toBeLessThan(0.9);
  });
  test('mean and deviation over seeds', () => {
    expect(spread([1, 2, 3])).toEqual({ mean: 2, deviation: 1 });
    expect(spread([4])).toEqual({ mean: 4, deviation: 0 });
  });
});

describe('measures', () => {
  const { asked } = targets.ring.make();
  const samples = (m: PlaneMixture, count: number) =>
    Float64Array.from({ length: 2 * count }, (_, i) => {
      const k = (i >> 1) % m.x.length;
      const centre = i % 2 === 0 ? m.x[k]! : m.y[k]!;
      return centre + m.s[k]! * normal(1, 2, 3, i);
    });

  test('samples of the target cover it, and are near it', () => {
    const positions = samples(asked, 800);
    const { covered, atModes } = coverage(asked, positions);
    expect(covered).toBe(1);
    expect(atModes).toBeGreaterThan(0.97);
    expect(klOf(positions, blurredTarget(asked))).toBeLessThan(0.02);
  });

  test('one mode of eight is an eighth, log 8 away', () => {
    const one = { ...asked, x: asked.x.slice(0, 1), y: asked.y.slice(0, 1) };
    const positions = samples(one, 800);
    expect(coverage(asked, positions).covered).toBe(1 / 8);
    expect(klOf(positions, blurredTarget(asked))).toBeCloseTo(Math.log(8), 1);
  });

  test('no particle anywhere near is nothing', () => {
    expect(coverage(asked, Float64Array.of(0, 0))).toMatchObject({ covered: 0, atModes: 0 });
  });
});

describe('targets', () => {
  test.each(targetIds)('%s has shares of sum one', (id) => {
    const { asked, all } = targets[id].make();
    for (const { w } of [asked, all]) expect(w.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
  });
  test('one’s own comes back from a link', () => {
    const points = parsePoints(
      pointsText([
        [0.5, -1.25],
        [2, 0],
      ]),
    );
    expect(points).toEqual([
      [0.5, -1.25],
      [2, 0],
    ]);
    expect(ownTarget(points).asked.w).toEqual(Float64Array.of(0.5, 0.5));
  });
  test.each([
    ['', 'has no points'],
    ['1', "has the point '1'"],
    ['1,2;', "has the point ''"],
    ['NaN,1', "has the point 'NaN,1'"],
    ['1e9,1', 'has the point (1000000000, 1)'],
    [Array(121).fill('1,1').join(';'), 'has 121 points'],
  ])('%s is refused', (text, words) => {
    expect(() => ownTarget(parsePoints(text))).toThrow(`The target ${words}`);
  });
});
