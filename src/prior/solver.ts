import type { NoiseSchedule } from './noise_schedule';

/**
 * How a sample moves from one noise level to the next: along the clean estimate of this level alone (DDIM, Song et al.
 * 2021, eta = 0), or along the line through this one and the one before (DPM-Solver++(2M), Lu et al. 2022,
 * arXiv 2211.01095, algorithm 2).
 */
export const solverNames = ['ddim', 'dpm-solver++'] as const;

export type SolverName = (typeof solverNames)[number];

/** An estimate of the clean values, and the timestep at which it was made. */
export interface CleanEstimate {
  readonly timestep: number;
  readonly clean: Float32Array;
}

/**
 * Moves z along the probability-flow ODE from the timestep of `now` to `to`, or to the clean values when that is -1:
 *
 *     z_to = σ_to/σ z + (α_to − α σ_to/σ) D,    D = x̂ + h/(2 h_before) (x̂ − x̂_before),    h = λ_to − λ,  λ = ln(α/σ)
 *
 * D is x̂ for DDIM, in a first step, and in the last, whose h is infinite. Upwards, DDIM inverts itself.
 * @param before the estimate of the step before; absent in the first one.
 */
export function solve(
  solver: SolverName,
  schedule: NoiseSchedule,
  z: Float32Array,
  now: CleanEstimate,
  before: CleanEstimate | undefined,
  to: number,
): Float32Array {
  if (to < 0) return now.clean;
  const [from, next] = [schedule.level(now.timestep), schedule.level(to)];
  const keep = next.sigma / from.sigma;
  const take = next.alpha - from.alpha * keep;
  if (solver === 'ddim' || !before) return z.map((value, i) => keep * value + take * now.clean[i]!);
  const [past, here, there] = [before.timestep, now.timestep, to].map((t) =>
    schedule.halfLogSnr(t),
  );
  const ahead = (there! - here!) / (2 * (here! - past!));
  return z.map((value, i) => {
    const clean = now.clean[i]!;
    return keep * value + take * (clean + ahead * (clean - before.clean[i]!));
  });
}
