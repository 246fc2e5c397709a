/** Gaussians fitted to a mixture by descent along a divergence's natural gradient. */
import {
  type Divergence,
  gradient,
  logDensities,
  objective,
  type Quadrature,
  quadrature,
} from './divergence';
import { bounds, clamp, type Mixture, moments } from './mixture';

/** A fit on its way. */
export interface Fit {
  readonly q: Mixture;
  /** The objective at q. */
  readonly value: number;
  /** Share of the natural step that was taken last; 0 once no step lowers the objective. */
  readonly rate: number;
}

const [narrowest, widest] = bounds.deviation;

/** Points that stay good while q moves within reach of p. */
const gridFor = (p: Mixture, q: Mixture): Quadrature => quadrature([p, q], 8);

function valueAt(divergence: Divergence, p: Mixture, q: Mixture): number {
  const grid = gridFor(p, q);
  return objective(divergence, logDensities(p, grid), logDensities(q, grid), grid.step);
}

export const startFit = (divergence: Divergence, p: Mixture, q: Mixture): Fit => ({
  q,
  value: valueAt(divergence, p, q),
  rate: 0.5,
});

/**
 * One step: down the gradient, scaled by the diagonal of q's Fisher information, and shortened until the objective
 * falls. The objective never rises.
 */
export function stepFit(divergence: Divergence, p: Mixture, fit: Fit): Fit {
  if (fit.rate === 0) return fit;
  const { q } = fit;
  const grid = gridFor(p, q);
  const slope = gradient(divergence, logDensities(p, grid), q, grid);
  for (let rate = Math.min(1, fit.rate * 2); rate > 1e-9; rate /= 2) {
    const moved = q.map((part, k) => {
      const mean = (slope.mean[k]! * part.deviation ** 2) / part.weight;
      const width = slope.logDeviation[k]! / (2 * part.weight);
      const weight = slope.logit[k]! / part.weight;
      return {
        mean: clamp(part.mean - rate * clamp(mean, -3, 3), -bounds.mean, bounds.mean),
        deviation: clamp(part.deviation * Math.exp(-rate * clamp(width, -1, 1)), narrowest, widest),
        weight: Math.max(1e-6, part.weight * Math.exp(-rate * clamp(weight, -1, 1))),
      };
    });
    const total = moved.reduce((sum, { weight }) => sum + weight, 0);
    const next = moved.map((part) => ({ ...part, weight: part.weight / total }));
    const value = valueAt(divergence, p, next);
    if (value < fit.value) return { q: next, value, rate };
  }
  return { ...fit, rate: 0 };
}

/** Steps until the objective no longer falls by a share that matters, or `most` of them. */
export function runFit(divergence: Divergence, p: Mixture, start: Mixture, most = 400): Fit {
  let fit = startFit(divergence, p, start);
  for (let i = 0; i < most && fit.rate > 0; i++) {
    const next = stepFit(divergence, p, fit);
    const gained = fit.value - next.value;
    fit = next;
    if (i > 3 && gained < 1e-13 * Math.max(1, next.value)) break;
  }
  return fit;
}

/** An optimum of one Gaussian. */
export interface Optimum {
  readonly mean: number;
  readonly deviation: number;
  readonly value: number;
}

/**
 * The local optima of one Gaussian that descents from every component of p, from all neighbours together, and from the
 * whole arrive at: the best first.
 */
export function optima(divergence: Divergence, p: Mixture): Optimum[] {
  const ordered = [...p].sort((a, b) => a.mean - b.mean);
  const pairs = ordered.slice(1).map((part, i) => moments(evenly([ordered[i]!, part])));
  const starts = [moments(p), ...p, ...pairs];
  const found: Optimum[] = [];
  for (const { mean, deviation } of starts) {
    const { q, value } = runFit(divergence, p, [{ mean, deviation, weight: 1 }]);
    const [{ mean: m, deviation: s }] = q as [Mixture[number]];
    const known = found.some(
      (other) =>
        Math.abs(other.mean - m) < 0.02 * s && Math.abs(Math.log(other.deviation / s)) < 0.02,
    );
    if (!known) found.push({ mean: m, deviation: s, value });
  }
  return found.sort((a, b) => a.value - b.value);
}

/** A part of a mixture as a mixture. */
function evenly(parts: Mixture): Mixture {
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  return parts.map((part) => ({ ...part, weight: part.weight / total }));
}
