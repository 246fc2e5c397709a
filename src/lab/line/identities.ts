/** What systems of different names compute, as functions on the line, so that they can be laid over each other. */
import { normal, uniform } from '../../random';
import { type Level, levelOf } from '../plane/mixture';
import { logDensities, type Quadrature, quadrature } from './divergence';
import { logDensity, logPart, type Mixture } from './mixture';

/** The slope of the log density at x. */
export function score(parts: Mixture, x: number): number {
  const log = logDensity(parts, x);
  return parts.reduce(
    (sum, part) =>
      sum +
      (Math.exp(logPart(part, x) - log) * (part.mean - x)) / (part.deviation * part.deviation),
    0,
  );
}

/** What a mixture becomes at a noise level: z = alpha x + sigma ε. */
const noised = (parts: Mixture, { alpha, sigma }: Level): Mixture =>
  parts.map((part) => ({
    ...part,
    mean: alpha * part.mean,
    deviation: Math.hypot(alpha * part.deviation, sigma),
  }));

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/**
 * The saturating GAN's gradient by the generator's place, q shifted as a whole, with the discriminator σ(λ T + C) of
 * T = log p/q: ∫ q λ σ(λ T + C) (log q/p)'. With λ = 1 it is that of JS_β / (1 - β), β = σ(C).
 */
export function saturatingGradient(p: Mixture, q: Mixture, lambda: number, shift: number): number {
  const grid = quadrature([p, q], 6);
  return integral(grid, q, (x, logQ) => {
    const ratio = logDensity(p, x) - logQ;
    return lambda * sigmoid(lambda * ratio + shift) * (score(q, x) - score(p, x));
  });
}

/** ∫ q f */
function integral(grid: Quadrature, q: Mixture, f: (x: number, logQ: number) => number): number {
  const logs = logDensities(q, grid);
  return grid.points.reduce((sum, x, i) => {
    const weight = Math.exp(logs[i]!);
    return weight > 1e-20 ? sum + weight * f(x, logs[i]!) * grid.step : sum;
  }, 0);
}

/** The GAN's pull at x: the slope of the best discriminator's logit, log p/q. */
export const discriminatorPull = (p: Mixture, q: Mixture, x: number): number =>
  score(p, x) - score(q, x);

/** VSD's pull at x and noise level τ, without the noise's draw: α (∇ log p_τ - ∇ log q_τ)(α x). */
export function vsdPull(p: Mixture, q: Mixture, tau: number, x: number): number {
  const level = levelOf(tau);
  const at = level.alpha * x;
  return level.alpha * (score(noised(p, level), at) - score(noised(q, level), at));
}

/** Points of the rule that averages over a Gaussian. */
const nodes = 241;

/**
 * The mean step of VSD for q = N(θ, h²) at level τ: E[ε_φ(z) - ε_ψ(z)], z drawn from q_τ. The second has mean zero:
 * it takes variance away and nothing else. At h = 0 it is SDS.
 */
export function vsdStep(p: Mixture, theta: number, width: number, tau: number): number {
  const level = levelOf(tau);
  const blurred = noised(p, level);
  const deviation = Math.hypot(level.alpha * width, level.sigma);
  let sum = 0;
  let total = 0;
  for (let i = 0; i < nodes; i++) {
    const z = 12 * (i / (nodes - 1)) - 6;
    const weight = Math.exp(-z * z * 0.5);
    sum -= weight * level.sigma * score(blurred, level.alpha * theta + deviation * z);
    total += weight;
  }
  return sum / total;
}

/** The variance of one draw's step, for what is subtracted: the noise, as SDS does, or q's score, as VSD does. */
export function stepVariance(
  p: Mixture,
  theta: number,
  width: number,
  tau: number,
  baseline: 'noise' | 'score',
): number {
  const level = levelOf(tau);
  const blurred = noised(p, level);
  const spread = level.alpha * width;
  const deviation = Math.hypot(spread, level.sigma);
  const mean = vsdStep(p, theta, width, tau);
  let sum = 0;
  let total = 0;
  for (let i = 0; i < nodes; i++) {
    const z = 12 * (i / (nodes - 1)) - 6;
    const weight = Math.exp(-z * z * 0.5);
    const predicted = -level.sigma * score(blurred, level.alpha * theta + deviation * z);
    // ε given z is Gaussian: its mean is ε_ψ(z), its variance what q's width hides.
    const fake = (level.sigma / deviation) * z;
    const hidden = baseline === 'noise' ? (spread / deviation) ** 2 : 0;
    sum += weight * ((predicted - fake - mean) ** 2 + hidden);
    total += weight;
  }
  return sum / total;
}

/**
 * On-policy distillation's loss: the mean of log q/p over samples that the student q drew itself.
 * Over ever more samples it is KL(q ‖ p).
 */
export function onPolicyLoss(p: Mixture, q: Mixture, samples: number, seed: number): number {
  let sum = 0;
  for (let i = 0; i < samples; i++) {
    let left = uniform(seed, 131, 0, i);
    const part = q.find(({ weight }) => {
      left -= weight;
      return left < 0;
    });
    const { mean, deviation } = part ?? q.at(-1)!;
    const x = mean + deviation * normal(seed, 132, 0, i);
    sum += logDensity(q, x) - logDensity(p, x);
  }
  return sum / samples;
}
