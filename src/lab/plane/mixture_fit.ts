/** A generator that is a mixture itself, fitted to a target under the forward or the reverse KL divergence. */
import { normal, uniform } from '../../random';
import { type PlaneMixture, type Score, scoreAt, unnoised } from './mixture';

const streams = { pick: 111, noise: 112, start: 113 };

/** Samples of a density, x and y one after the other: a component by its share, and a place in it. */
export function sample(m: PlaneMixture, count: number, seed: number, step: number): Float64Array {
  const result = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    let left = uniform(seed, streams.pick, step, i);
    let k = 0;
    while (k < m.w.length - 1 && left >= m.w[k]!) left -= m.w[k++]!;
    result[2 * i] = m.x[k]! + m.s[k]! * normal(seed, streams.noise, step, 2 * i);
    result[2 * i + 1] = m.y[k]! + m.s[k]! * normal(seed, streams.noise, step, 2 * i + 1);
  }
  return result;
}

/** Equal Gaussians around a place. @param start x and y of each one after the other. */
export function mixtureFrom(start: Float64Array, deviation: number): PlaneMixture {
  const count = start.length / 2;
  return {
    x: Float64Array.from({ length: count }, (_, k) => start[2 * k]!),
    y: Float64Array.from({ length: count }, (_, k) => start[2 * k + 1]!),
    s: new Float64Array(count).fill(deviation),
    w: new Float64Array(count).fill(1 / count),
  };
}

/** Deviations that a component may have. */
const [narrowest, widest] = [0.03, 3];
const bounded = (s: number) => Math.min(widest, Math.max(narrowest, s));

/**
 * One step of q down KL(p ‖ q), over samples of p: E_p[-∂ log q], scaled by each component's share and variance.
 */
export function stepForward(
  q: PlaneMixture,
  p: PlaneMixture,
  rate: number,
  seed: number,
  step: number,
  count = 256,
): PlaneMixture {
  const samples = sample(p, count, seed, step);
  const moved = { x: q.x.slice(), y: q.y.slice(), s: q.s.slice(), w: q.w };
  const into: Score = { log: 0, x: 0, y: 0 };
  for (let i = 0; i < count; i++) {
    const [x, y] = [samples[2 * i]!, samples[2 * i + 1]!];
    const { log } = scoreAt(q, unnoised, x, y, into);
    for (let k = 0; k < q.x.length; k++) {
      const [dx, dy, variance] = [x - q.x[k]!, y - q.y[k]!, q.s[k]! ** 2];
      const logPart =
        Math.log(q.w[k]! / (2 * Math.PI * variance)) - (dx * dx + dy * dy) / (2 * variance);
      const share = (rate * Math.exp(logPart - log)) / (count * q.w[k]!);
      moved.x[k]! += share * dx;
      moved.y[k]! += share * dy;
      const growth = share * ((dx * dx + dy * dy) / variance - 2) * 0.25;
      moved.s[k] = bounded(moved.s[k]! * Math.exp(growth));
    }
  }
  return moved;
}

/**
 * One step of q down KL(q ‖ p), over samples of q: the difference of the scores along each sample's path, scaled by the
 * component's variance.
 */
export function stepReverse(
  q: PlaneMixture,
  p: PlaneMixture,
  rate: number,
  seed: number,
  step: number,
  each = 32,
): PlaneMixture {
  const moved = { x: q.x.slice(), y: q.y.slice(), s: q.s.slice(), w: q.w };
  const [ours, theirs]: [Score, Score] = [
    { log: 0, x: 0, y: 0 },
    { log: 0, x: 0, y: 0 },
  ];
  for (let k = 0; k < q.x.length; k++) {
    const variance = q.s[k]! ** 2;
    let [dx, dy, growth] = [0, 0, 0];
    for (let i = 0; i < each; i++) {
      const index = 2 * (k * each + i);
      const [a, b] = [0, 1].map((axis) => normal(seed, streams.noise, step, index + axis));
      const [x, y] = [q.x[k]! + q.s[k]! * a!, q.y[k]! + q.s[k]! * b!];
      scoreAt(q, unnoised, x, y, ours);
      scoreAt(p, unnoised, x, y, theirs);
      const [gx, gy] = [ours.x - theirs.x, ours.y - theirs.y];
      dx -= (rate * variance * gx) / each;
      dy -= (rate * variance * gy) / each;
      growth += ((gx * a! + gy * b!) * q.s[k]!) / each;
    }
    // A target much narrower than q is steep: no component leaves its own width at a step.
    const shorten = Math.min(1, q.s[k]! / Math.max(Math.hypot(dx, dy), 1e-300));
    moved.x[k]! += shorten * dx;
    moved.y[k]! += shorten * dy;
    const limited = Math.min(0.2, Math.max(-0.2, rate * 0.25 * growth));
    moved.s[k] = bounded(moved.s[k]! * Math.exp(-limited));
  }
  return moved;
}
