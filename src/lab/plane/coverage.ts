/** How many modes each way of fitting finds, over seeds: the experiment of docs/lab.md. */
import { LimbeckError } from '../../errors';
import { blurredTarget, coverage, klOf } from './measures';
import { type PlaneMethodId, planeMethodIds, planeMethodOf } from './methods';
import { mixtureFrom, sample, stepForward, stepReverse } from './mixture_fit';
import type { PlaneSettings } from './settings';
import { Simulation } from './simulation';
import { type TargetId, targets } from './targets';

export type Contestant = 'forward-kl' | 'reverse-kl' | PlaneMethodId;

export const contestants: readonly Contestant[] = ['forward-kl', 'reverse-kl', ...planeMethodIds];

/** What came out of one seed. */
export interface Outcome {
  /** Share of the modes that are covered. */
  readonly covered: number;
  /** Share of the samples that are at a mode. */
  readonly atModes: number;
  /** KL(q ‖ p), both blurred. */
  readonly kl: number;
}

/** Samples of a fitted mixture that are counted. */
const counted = 1000;
/** Deviation of a mixture's components at the start. */
const firstDeviation = 0.3;

/**
 * Fits from the settings' start, and measures.
 * @throws LimbeckError when a generator leaves what numbers can hold.
 *
 * Mixtures have a component for each mode of the target and begin where as many particles would; particles are as many
 * as the settings say.
 */
export function contest(
  who: Contestant,
  target: TargetId,
  settings: PlaneSettings,
  steps: number,
): Outcome {
  const made = targets[target].make();
  const positions = whereTo(who, made, settings, steps);
  if (!positions.every(Number.isFinite)) {
    throw new LimbeckError(
      `${who} left the plane at seed ${settings.seed}.`,
      'Make --rate or --guidance smaller.',
    );
  }
  const { covered, atModes } = coverage(made.asked, positions);
  return { covered, atModes, kl: klOf(positions, blurredTarget(made.asked)) };
}

function whereTo(
  who: Contestant,
  target: ReturnType<(typeof targets)[TargetId]['make']>,
  settings: PlaneSettings,
  steps: number,
): Float64Array {
  if (who !== 'forward-kl' && who !== 'reverse-kl') {
    const simulation = new Simulation(planeMethodOf(who), target, settings);
    for (let i = 0; i < steps; i++) simulation.advance();
    return simulation.positions;
  }
  const modes = target.asked.x.length;
  const { positions } = new Simulation(planeMethodOf('sds'), target, {
    ...settings,
    particles: modes,
  });
  let q = mixtureFrom(positions, firstDeviation);
  const step = who === 'forward-kl' ? stepForward : stepReverse;
  for (let i = 0; i < steps; i++) q = step(q, target.asked, 0.3, settings.seed, i);
  return sample(q, counted, settings.seed, steps);
}

/** Mean and standard deviation of a sample. */
export function spread(values: readonly number[]): {
  readonly mean: number;
  readonly deviation: number;
} {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / Math.max(1, values.length - 1)) };
}
