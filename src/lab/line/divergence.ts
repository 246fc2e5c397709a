/**
 * Divergences between mixtures on the line, by quadrature, and their gradients by the parameters of the second.
 *
 * With m = β p + (1 - β) q the generalised Jensen-Shannon divergence (Agarwal et al., arXiv:2306.13649, equation 1) is
 *
 *     JS_β(p, q) = β KL(p ‖ m) + (1 - β) KL(q ‖ m)
 *
 * JS_β / β tends to the forward KL(p ‖ q) as β goes to 0, JS_β / (1 - β) to the reverse KL(q ‖ p) as β goes to 1.
 */
import { logDensity, logPart, type Mixture } from './mixture';

/** Points of equal distance; the trapezoid rule on them converges exponentially for such smooth densities. */
export interface Quadrature {
  readonly points: Float64Array;
  readonly step: number;
}

/** Deviations around a component within which its density is counted. */
const reach = 10;
const most = 2 ** 18;

/**
 * Points that resolve every component of some mixtures.
 * @param fineness of a step, in parts of the smallest deviation.
 */
export function quadrature(mixtures: readonly Mixture[], fineness = 16): Quadrature {
  const all = mixtures.flat();
  const low = Math.min(...all.map(({ mean, deviation }) => mean - reach * deviation));
  const high = Math.max(...all.map(({ mean, deviation }) => mean + reach * deviation));
  const finest = Math.min(...all.map(({ deviation }) => deviation)) / fineness;
  const count = Math.min(most, Math.ceil((high - low) / finest) + 1);
  const step = (high - low) / (count - 1);
  return { points: Float64Array.from({ length: count }, (_, i) => low + i * step), step };
}

/** Logarithms of a mixture's density at the points. */
export const logDensities = (parts: Mixture, { points }: Quadrature): Float64Array =>
  points.map((x) => logDensity(parts, x));

/** a log(a / b) - a + b, which is nowhere negative, from logarithms: its sum is KL(a ‖ b) without cancellation. */
function excess(logA: number, logB: number): number {
  const difference = logB - logA;
  // expm1(d) - d by its series where d is small
  const gap =
    Math.abs(difference) < 1e-3
      ? difference * difference * (1 / 2 + difference * (1 / 6 + difference / 24))
      : Math.expm1(difference) - difference;
  return difference > 700 ? Math.exp(logB) : Math.exp(logA) * gap;
}

/** log(β a + (1 - β) b) from the logarithms of a and b. */
function logMixed(beta: number, logA: number, logB: number): number {
  if (beta === 0) return logB;
  if (beta === 1) return logA;
  const a = Math.log(beta) + logA;
  const b = Math.log1p(-beta) + logB;
  return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
}

/** What a fit may minimise. */
export type Divergence =
  | { readonly kind: 'forward' | 'reverse' }
  | { readonly kind: 'js'; readonly beta: number };

/** KL(a ‖ b) from logarithms of densities at points. */
export function kl(logA: Float64Array, logB: Float64Array, step: number): number {
  let sum = 0;
  for (let i = 0; i < logA.length; i++) sum += excess(logA[i]!, logB[i]!);
  return sum * step;
}

/** JS_β from logarithms of densities at points. */
export function js(beta: number, logP: Float64Array, logQ: Float64Array, step: number): number {
  const logM = logP.map((log, i) => logMixed(beta, log, logQ[i]!));
  return beta * kl(logP, logM, step) + (1 - beta) * kl(logQ, logM, step);
}

/**
 * What a fit minimises: the forward or the reverse KL divergence, or JS_β / (β (1 - β)), whose limits those are: of the
 * plain JS_β nothing is left at either end.
 */
export function objective(
  divergence: Divergence,
  logP: Float64Array,
  logQ: Float64Array,
  step: number,
): number {
  const kind = limitOf(divergence);
  if (kind === 'forward') return kl(logP, logQ, step);
  if (kind === 'reverse') return kl(logQ, logP, step);
  const { beta } = divergence as { beta: number };
  return js(beta, logP, logQ, step) / (beta * (1 - beta));
}

/** At β = 0 and β = 1 the normalised JS_β is its limit. */
function limitOf(divergence: Divergence): Divergence['kind'] {
  if (divergence.kind !== 'js') return divergence.kind;
  if (divergence.beta <= 0) return 'forward';
  return divergence.beta >= 1 ? 'reverse' : 'js';
}

/** A derivative for each parameter of each component. */
export interface MixtureGradient {
  readonly mean: Float64Array;
  /** By the deviation's logarithm. */
  readonly logDeviation: Float64Array;
  /** By the logit of the weight: weights are their softmax. */
  readonly logit: Float64Array;
}

/**
 * The gradient of {@link objective} by q's parameters, as the integral of q V ∂ log q with V = δD/δq: -p/q, log(q/p),
 * and log(q/m)/β.
 */
export function gradient(
  divergence: Divergence,
  logP: Float64Array,
  q: Mixture,
  { points, step }: Quadrature,
): MixtureGradient {
  const kind = limitOf(divergence);
  const beta = divergence.kind === 'js' ? divergence.beta : 0;
  const result = {
    mean: new Float64Array(q.length),
    logDeviation: new Float64Array(q.length),
    logit: new Float64Array(q.length),
  };
  points.forEach((x, i) => {
    const logQ = logDensity(q, x);
    const p = logP[i]!;
    const pull =
      kind === 'forward'
        ? -Math.exp(p)
        : Math.exp(logQ) *
          (kind === 'reverse' ? logQ - p : (logQ - logMixed(beta, p, logQ)) / beta);
    if (pull === 0) return;
    q.forEach((part, k) => {
      const share = Math.exp(logPart(part, x) - logQ) * pull * step;
      const z = (x - part.mean) / part.deviation;
      result.mean[k]! += (share * z) / part.deviation;
      result.logDeviation[k]! += share * (z * z - 1);
      result.logit[k]! += share - part.weight * pull * step;
    });
  });
  return result;
}

/** Everything that the lab says of two densities. */
export interface Comparison {
  readonly forward: number;
  readonly reverse: number;
  readonly beta: number;
  readonly js: number;
  /** JS_β / β, which tends to `forward`. */
  readonly jsOverBeta: number;
  /** JS_β / (1 - β), which tends to `reverse`. */
  readonly jsOverRest: number;
}

/** @param beta from 0 to 1; at either end the quotient is its limit. */
export function compare(p: Mixture, q: Mixture, beta: number): Comparison {
  const grid = quadrature([p, q]);
  const [logP, logQ] = [logDensities(p, grid), logDensities(q, grid)];
  const forward = kl(logP, logQ, grid.step);
  const reverse = kl(logQ, logP, grid.step);
  const value = js(beta, logP, logQ, grid.step);
  return {
    forward,
    reverse,
    beta,
    js: value,
    jsOverBeta: beta === 0 ? forward : value / beta,
    jsOverRest: beta === 1 ? reverse : value / (1 - beta),
  };
}
