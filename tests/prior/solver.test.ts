import { describe, expect, test } from 'vitest';
import { NoiseSchedule } from '../../src/prior/noise_schedule';
import { type CleanEstimate, type SolverName, solve, solverNames } from '../../src/prior/solver';

/** A cosine schedule fine enough that rounding a timestep is not what is measured. */
const count = 200_001;
const schedule = new NoiseSchedule(
  Array.from({ length: count }, (_, t) => Math.cos(((t + 1600) / 201_600) * (Math.PI / 2)) ** 2),
);

/** Data x ~ N(mean, deviation²), for which everything is known. */
const mean = 0.4;

/** E[x | z]. */
function cleanOf(z: number, timestep: number, deviation: number): number {
  const { alpha, sigma } = schedule.level(timestep);
  const gain = (alpha * deviation ** 2) / (alpha ** 2 * deviation ** 2 + sigma ** 2);
  return mean + gain * (z - alpha * mean);
}

/** Where the probability-flow ODE takes z: it keeps its place among the z of its noise level, in deviations. */
function exact(z: number, from: number, to: number, deviation: number): number {
  const at = (t: number) => {
    const { alpha, sigma } = schedule.level(t);
    return { middle: alpha * mean, spread: Math.hypot(alpha * deviation, sigma) };
  };
  return at(to).middle + ((z - at(from).middle) / at(from).spread) * at(to).spread;
}

const [first, last] = [190_000, 10_000];
const start = 1.3;

/** z at `last`, from `start` at `first`, in so many steps. */
function solved(solver: SolverName, steps: number, deviation: number): number {
  let z = Float64Array.of(start) as unknown as Float32Array;
  let before: CleanEstimate | undefined;
  for (let i = 0; i < steps; i++) {
    const at = (k: number) => Math.round(first + ((last - first) * k) / steps);
    const timestep = at(i);
    const clean = z.map((value) => cleanOf(value, timestep, deviation));
    const now = { timestep, clean };
    z = solve(solver, schedule, z, now, before, at(i + 1));
    before = now;
  }
  return z[0]!;
}

describe.each(solverNames)('%s', (solver) => {
  test('is exact in any number of steps where the data is one point', () => {
    for (const steps of [1, 2, 5]) {
      expect(solved(solver, steps, 0)).toBeCloseTo(exact(start, first, last, 0), 9);
    }
  });

  test(`has the order ${solver === 'ddim' ? 1 : 2} on a Gaussian`, () => {
    const right = exact(start, first, last, 0.6);
    const errors = [40, 80, 160].map((steps) => Math.abs(solved(solver, steps, 0.6) - right));
    const orders = [Math.log2(errors[0]! / errors[1]!), Math.log2(errors[1]! / errors[2]!)];
    for (const order of orders) {
      expect(Math.abs(order - (solver === 'ddim' ? 1 : 2))).toBeLessThan(0.25);
    }
  });

  test('ends in the clean estimate', () => {
    const now = { timestep: 900, clean: Float32Array.of(0.25) };
    const before = { timestep: 1000, clean: Float32Array.of(0.75) };
    expect(solve(solver, schedule, Float32Array.of(9), now, before, -1)).toBe(now.clean);
  });
});

test('twelve steps of the second order are nearer than thirty of the first', () => {
  const right = exact(start, first, last, 0.6);
  const error = (solver: SolverName, steps: number) => Math.abs(solved(solver, steps, 0.6) - right);
  expect(error('dpm-solver++', 12)).toBeLessThan(error('ddim', 30));
});
