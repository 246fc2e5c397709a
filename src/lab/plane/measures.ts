/** What is measured of particles on the plane. */
import { type PlaneMixture, type Score, scoreAt, unnoised } from './mixture';
import { particlesAs } from './simulation';
import { edge } from './targets';

/** Deviations within which a particle is at a mode. */
const near = 3;
/** Share of its fair part of the particles that a mode needs to be covered. */
const fair = 0.2;

/** How the modes of a mixture fare. */
export interface Coverage {
  /** Particles at each mode. */
  readonly counts: readonly number[];
  /** Share of the modes that have a fifth of their fair part of the particles, and one at least. */
  readonly covered: number;
  /** Share of the particles that are at a mode. */
  readonly atModes: number;
}

/** @param positions x and y of each particle one after the other. */
export function coverage(modes: PlaneMixture, positions: Float64Array): Coverage {
  const counts = new Array<number>(modes.x.length).fill(0);
  const total = positions.length / 2;
  for (let i = 0; i < total; i++) {
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let k = 0; k < modes.x.length; k++) {
      const dx = positions[2 * i]! - modes.x[k]!;
      const dy = positions[2 * i + 1]! - modes.y[k]!;
      const distance = Math.hypot(dx, dy) / modes.s[k]!;
      if (distance < least) [best, least] = [k, distance];
    }
    if (least <= near) counts[best]!++;
  }
  const isCovered = (count: number, k: number) => count >= Math.max(1, fair * total * modes.w[k]!);
  return {
    counts,
    covered: counts.filter(isCovered).length / counts.length,
    atModes: counts.reduce((sum, count) => sum + count, 0) / total,
  };
}

/** Deviation of the Gaussian that both densities are blurred by before their divergence is taken: points have none. */
export const blur = 0.2;

const side = 72;
const reach = edge + 0.8;
const cell = (2 * reach) / side;

/**
 * The blurred target on the grid of `klOf`, once for a target.
 * @returns logarithms of density, row by row.
 */
export function blurredTarget(target: PlaneMixture): Float64Array {
  const wide = { ...target, s: target.s.map((s) => Math.hypot(s, blur)) };
  const into: Score = { log: 0, x: 0, y: 0 };
  return Float64Array.from({ length: side * side }, (_, i) => {
    return scoreAt(wide, unnoised, place(i % side), place(Math.floor(i / side)), into).log;
  });
}

const place = (i: number) => -reach + (i + 0.5) * cell;

/**
 * KL(q ‖ p) by the midpoint rule, q the particles and p the target, both blurred by {@link blur}.
 * Gaussians are separable: a particle takes two rows of exponentials instead of a square of them.
 */
export function klOf(positions: Float64Array, logTarget: Float64Array): number {
  const density = new Float64Array(side * side);
  const { x, y, w } = particlesAs(positions, blur);
  const row = new Float64Array(side);
  for (let i = 0; i < x.length; i++) {
    for (let c = 0; c < side; c++) row[c] = Math.exp(-((place(c) - x[i]!) ** 2) / (2 * blur ** 2));
    for (let r = 0; r < side; r++) {
      const share =
        (w[i]! * Math.exp(-((place(r) - y[i]!) ** 2) / (2 * blur ** 2))) /
        (2 * Math.PI * blur ** 2);
      if (share < 1e-12) continue;
      for (let c = 0; c < side; c++) density[r * side + c]! += share * row[c]!;
    }
  }
  let sum = 0;
  for (let i = 0; i < density.length; i++) {
    const q = density[i]!;
    if (q > 0) sum += q * (Math.log(q) - logTarget[i]!);
  }
  return sum * cell * cell;
}
