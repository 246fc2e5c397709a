import { describe, expect, test } from 'vitest';
import { compare, gradient, logDensities, quadrature } from '../../src/lab/line/divergence';
import {
  discriminatorPull,
  onPolicyLoss,
  saturatingGradient,
  score,
  stepVariance,
  vsdPull,
  vsdStep,
} from '../../src/lab/line/identities';
import { logDensity, parseMixture } from '../../src/lab/line/mixture';
import { levelOf } from '../../src/lab/plane/mixture';
import { normal } from '../../src/random';

const p = parseMixture('2N(-1.5, 0.5) + N(2, 0.8)');
const q = parseMixture('N(0.2, 1.3)');

test('a score is the slope of the log density', () => {
  for (const x of [-3, -0.4, 0.9, 5]) {
    const slope = (logDensity(p, x + 1e-5) - logDensity(p, x - 1e-5)) / 2e-5;
    expect(score(p, x)).toBeCloseTo(slope, 6);
  }
});

describe('the saturating GAN', () => {
  test.each([0.05, 0.5, 0.9])('with D = σ(T + C) is JS_β, β = σ(C) = %d', (beta) => {
    const grid = quadrature([p, q]);
    const slope = gradient({ kind: 'js', beta }, logDensities(p, grid), q, grid);
    const shift = Math.log(beta / (1 - beta));
    // `gradient` is of JS_β / (β (1 - β)).
    expect(saturatingGradient(p, q, 1, shift)).toBeCloseTo(beta * slope.mean[0]!, 6);
  });

  test('with C large is the reverse KL divergence', () => {
    const grid = quadrature([p, q]);
    const slope = gradient({ kind: 'reverse' }, logDensities(p, grid), q, grid);
    // In the tails T itself is far below zero.
    expect(saturatingGradient(p, q, 1, 400)).toBeCloseTo(slope.mean[0]!, 6);
  });
});

describe('VSD', () => {
  test('at τ = 0 is the GAN’s log density ratio', () => {
    for (const x of [-2, 0, 1.3]) {
      const ratio = discriminatorPull(p, q, x);
      expect(vsdPull(p, q, 0, x)).toBeCloseTo(ratio, 12);
      expect(Math.abs(vsdPull(p, q, 0.01, x) - ratio)).toBeLessThan(0.02 * Math.abs(ratio) + 1e-3);
    }
  });

  test.each([0, 0.7])('its step and its variance are those of draws, at h = %d', (width) => {
    const [theta, tau, count] = [0.4, 0.5, 60_000];
    const { alpha, sigma } = levelOf(tau);
    const own = [{ mean: alpha * theta, deviation: Math.hypot(alpha * width, sigma), weight: 1 }];
    const wide = p.map((part) => ({
      ...part,
      mean: alpha * part.mean,
      deviation: Math.hypot(alpha * part.deviation, sigma),
    }));
    const draws = Array.from({ length: count }, (_, i) => {
      const noise = normal(2, 1, 0, i);
      const z = alpha * (theta + width * normal(2, 2, 0, i)) + sigma * noise;
      const frozen = -sigma * score(wide, z);
      return [frozen - noise, frozen + sigma * score(own, z)] as const;
    });
    const mean = (which: 0 | 1) => draws.reduce((sum, draw) => sum + draw[which] / count, 0);
    const variance = (which: 0 | 1) =>
      draws.reduce((sum, draw) => sum + (draw[which] - mean0[which]) ** 2 / count, 0);
    const mean0 = [mean(0), mean(1)] as const;
    for (const which of [0, 1] as const) {
      expect(Math.abs(mean0[which] - vsdStep(p, theta, width, tau))).toBeLessThan(0.02);
    }
    const [noise, fake] = (['noise', 'score'] as const).map((kind) =>
      stepVariance(p, theta, width, tau, kind),
    );
    expect(variance(0) / noise!).toBeCloseTo(1, 1);
    expect(variance(1) / fake!).toBeCloseTo(1, 1);
    if (width === 0) expect(noise).toBeCloseTo(fake!, 12);
    else expect(fake).toBeLessThan(noise!);
  });
});

test('on-policy distillation’s loss is the reverse KL divergence', () => {
  expect(onPolicyLoss(p, q, 40_000, 1) / compare(p, q, 0.5).reverse).toBeCloseTo(1, 1);
});
