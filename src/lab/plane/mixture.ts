/** Mixtures of round Gaussians on the plane, and what diffusion makes of them. */

/** A density on the plane: component k has the centre (x[k], y[k]), the deviation s[k] and the share w[k]. */
export interface PlaneMixture {
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Standard deviation along either axis; zero for a point, which has a density once noise is added. */
  readonly s: Float64Array;
  /** Shares, of sum one. */
  readonly w: Float64Array;
}

/** A noise level τ of a variance-preserving diffusion: z = alpha x + sigma ε. */
export interface Level {
  readonly alpha: number;
  readonly sigma: number;
}

/** The cosine schedule (Nichol and Dhariwal, arXiv:2102.09672) of τ from 0 to 1, without its offset. */
export const levelOf = (tau: number): Level => ({
  alpha: Math.cos((tau * Math.PI) / 2),
  sigma: Math.sin((tau * Math.PI) / 2),
});

export const unnoised: Level = { alpha: 1, sigma: 0 };

/** What a mixture says of a place: the logarithm of its density, and the score, its gradient. */
export interface Score {
  log: number;
  x: number;
  y: number;
}

const logTau = Math.log(2 * Math.PI);

/**
 * The exact score of a mixture noised to a level, at z = (x, y).
 * @param into where the answer goes, so that a step of thousands of questions allocates nothing.
 */
export function scoreAt(m: PlaneMixture, level: Level, x: number, y: number, into: Score): Score {
  const { alpha, sigma } = level;
  let top = Number.NEGATIVE_INFINITY;
  let sum = 0;
  let sx = 0;
  let sy = 0;
  for (let k = 0; k < m.x.length; k++) {
    const variance = (alpha * m.s[k]!) ** 2 + sigma * sigma;
    const dx = alpha * m.x[k]! - x;
    const dy = alpha * m.y[k]! - y;
    const log = Math.log(m.w[k]! / variance) - (dx * dx + dy * dy) / (2 * variance);
    let share = 1;
    if (log > top) {
      const shrink = Math.exp(top - log);
      sum *= shrink;
      sx *= shrink;
      sy *= shrink;
      top = log;
    } else share = Math.exp(log - top);
    sum += share;
    sx += (share * dx) / variance;
    sy += (share * dy) / variance;
  }
  into.log = top + Math.log(sum) - logTau;
  into.x = sx / sum;
  into.y = sy / sum;
  return into;
}

/** Equal shares of round Gaussians of one deviation. */
export function evenMixture(
  points: readonly (readonly [number, number])[],
  deviation: number,
): PlaneMixture {
  return {
    x: Float64Array.from(points, ([x]) => x),
    y: Float64Array.from(points, ([, y]) => y),
    s: new Float64Array(points.length).fill(deviation),
    w: new Float64Array(points.length).fill(1 / points.length),
  };
}

/** Two mixtures as one, `share` of it the first. */
export function together(a: PlaneMixture, b: PlaneMixture, share: number): PlaneMixture {
  const both = (name: 'x' | 'y' | 's') => Float64Array.from([...a[name], ...b[name]]);
  return {
    x: both('x'),
    y: both('y'),
    s: both('s'),
    w: Float64Array.from([...a.w.map((w) => w * share), ...b.w.map((w) => w * (1 - share))]),
  };
}
