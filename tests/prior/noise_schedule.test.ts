import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NoiseSchedule } from '../../src/prior/noise_schedule';

const table = Array.from(
  { length: 1000 },
  (_, t) => Math.cos(((t + 8) / 1008) * (Math.PI / 2)) ** 2,
);
const schedule = new NoiseSchedule(table);
const inner = fc.integer({ min: 1, max: 990 });
const value = fc.double({ min: -4, max: 4, noNaN: true });

test('alpha and sigma are the roots of the table and share the unit circle', () => {
  for (const t of [0, 1, 500, 999]) {
    const { timestep, alpha, sigma } = schedule.level(t);
    expect(timestep).toBe(t);
    expect(alpha).toBe(Math.sqrt(table[t]!));
    expect(sigma).toBe(Math.sqrt(1 - table[t]!));
    expect(alpha ** 2 + sigma ** 2).toBeCloseTo(1, 12);
  }
  expect(schedule.timesteps).toBe(1000);
});

test('a timestep outside the table is refused', () => {
  expect(() => schedule.level(1000)).toThrow(/Timestep 1000 .* 0 to 999/);
  expect(() => schedule.level(-1)).toThrow(RangeError);
  expect(() => schedule.level(0.5)).toThrow(RangeError);
});

test('a fraction of the table is a timestep, held to the ends', () => {
  const timesteps = [-0.1, 0, 0.0009, 0.001, 0.5, 0.9999, 1, 2].map((f) => schedule.timestepAt(f));
  expect(timesteps).toEqual([0, 0, 0, 1, 500, 999, 999, 999]);
});

test('x, eps and v name the same point', () => {
  fc.assert(
    fc.property(value, value, inner, (clean, epsilon, t) => {
      const alpha = Math.sqrt(table[t]!);
      const sigma = Math.sqrt(1 - table[t]!);
      const z = alpha * clean + sigma * epsilon;
      const velocity = alpha * epsilon - sigma * clean;
      expect(schedule.noised(clean, epsilon, t)).toBeCloseTo(z, 12);
      const said = { v: velocity, epsilon, clean };
      for (const kind of ['v', 'epsilon', 'clean'] as const) {
        const found = schedule.decompose(said[kind], kind, z, t);
        // Division by alpha or sigma amplifies rounding at the ends of the table.
        expect(found.clean).toBeCloseTo(clean, 9);
        expect(found.epsilon).toBeCloseTo(epsilon, 9);
        expect(found.velocity).toBeCloseTo(velocity, 9);
      }
    }),
  );
});

test('λ is half the logarithm of the signal-to-noise ratio', () => {
  expect(schedule.halfLogSnr(500)).toBeCloseTo(0.5 * Math.log(table[500]! / (1 - table[500]!)), 12);
  expect(schedule.halfLogSnr(900)).toBeLessThan(schedule.halfLogSnr(100));
});

test('sampling goes down evenly from the noisiest timestep', () => {
  expect(schedule.samplingTimesteps(1)).toEqual([999]);
  expect(schedule.samplingTimesteps(4)).toEqual([999, 749, 500, 250]);
  // A second-order step between a timestep and itself would divide by zero.
  expect(schedule.samplingTimesteps(1000)).toEqual(Array.from({ length: 999 }, (_, i) => 999 - i));
  for (const steps of [0, 1001, 2.5]) {
    expect(() => schedule.samplingTimesteps(steps)).toThrow(/1 to 1000 steps/);
  }
});
