import type { ReconstructionSettings } from '../guidance/settings';
import type { Manifest } from '../prior/manifest';
import type { NoiseSchedule } from '../prior/noise_schedule';
import { streams, uniform } from '../random';
import { type Camera, orbitCamera } from '../render/camera';
import { type Settings, scheduled } from '../settings';
import { frontCameras } from './plan';

/** One evaluation of the network on the way to the views of a group. */
export interface DrawStep {
  readonly act: 'draw';
  /** Which views: 0 are drawn from noise, each group after it in a round. */
  readonly group: number;
  /** z's timestep before and after; -1: the views are drawn. */
  readonly from: number;
  readonly to: number;
  /** Whether noise is added by the model itself (DDIM inversion), without guidance, rather than taken away. */
  readonly inverts: boolean;
}

/** One step of the field towards the views that are kept. */
export interface FitStep {
  readonly act: 'fit';
  /** Fitting steps before it. */
  readonly index: number;
  /** Whether all groups are seen alike, as after the last round. */
  readonly settles: boolean;
}

export type RoundStep = DrawStep | FitStep;

/** What a reconstruction's plan reads of a run's settings. */
interface PlannedRun {
  readonly steps: number;
  readonly start: Settings['start'];
  readonly reconstruction: ReconstructionSettings;
}

/**
 * Every step of a reconstruction: the first views are drawn and fitted, then in each round views from elsewhere, then
 * come the last fits. A run with few steps draws in fewer evaluations, at most half of its steps, and with very few
 * there are fewer rounds.
 */
export function roundSteps(
  { steps, start, reconstruction }: PlannedRun,
  schedule: NoiseSchedule,
): RoundStep[] {
  const { firstEvaluations, evaluations, inversion, timestep } = reconstruction;
  const rounds = Math.max(0, Math.min(reconstruction.rounds, Math.floor(steps / 2) - 1));
  const wanted = firstEvaluations + rounds * (evaluations + inversion);
  const share = Math.min(1, steps / 2 / wanted);
  const atLeastOne = (count: number) => Math.max(1, Math.floor(share * count));
  const first = atLeastOne(firstEvaluations);
  const drawings = [
    // What a run starts from is drawn anew as in a round, with its own share of noise.
    start.source === 'none'
      ? drawn(0, [...schedule.samplingTimesteps(first), -1])
      : roundOf(0, schedule, start.noise, 0, first),
    ...Array.from({ length: rounds }, (_, round) => {
      const fraction = scheduled(timestep, round, rounds - 1);
      return roundOf(
        round + 1,
        schedule,
        fraction,
        Math.floor(share * inversion),
        atLeastOne(evaluations),
      );
    }),
  ];
  const fits = steps - drawings.flat().length;
  const ends = fitsUntil(reconstruction, rounds, fits);
  return drawings
    .flatMap((drawing, i) => [...drawing, ...fitted(i === 0 ? 0 : ends[i - 1]!, ends[i]!, false)])
    .concat(fitted(ends.at(-1)!, fits, true));
}

/** The views of a round: up from τ² to τ by inversion, or straight there by noise, then down. */
function roundOf(
  group: number,
  schedule: NoiseSchedule,
  fraction: number,
  inversion: number,
  evaluations: number,
): DrawStep[] {
  const top = schedule.timestepAt(fraction);
  const low = schedule.timestepAt(fraction ** 2);
  const between = (from: number, to: number, count: number) =>
    Array.from({ length: count }, (_, i) => Math.round(from + ((to - from) * i) / count));
  return [
    ...drawn(group, [...between(low, top, inversion), ...(inversion > 0 ? [top] : [])], true),
    ...drawn(group, [...between(top, 0, evaluations), -1]),
  ];
}

const drawn = (group: number, timesteps: readonly number[], inverts = false): DrawStep[] =>
  timesteps
    .slice(0, -1)
    .map((from, i) => ({ act: 'draw', group, from, to: timesteps[i + 1]!, inverts }));

/** Fitting steps done at the end of the first fits and of each round. */
function fitsUntil(
  { firstFits, lastFits }: ReconstructionSettings,
  rounds: number,
  fits: number,
): number[] {
  const first = Math.min(1, firstFits);
  const each = rounds > 0 ? Math.max(0, 1 - first - lastFits) / rounds : 0;
  const shares = Array.from({ length: rounds + 1 }, (_, i) => Math.min(1, first + i * each));
  return shares.map((share) => Math.round(share * fits));
}

const fitted = (from: number, to: number, settles: boolean): FitStep[] =>
  Array.from({ length: to - from }, (_, i) => ({ act: 'fit', index: from + i, settles }));

/** Fractional parts of multiples of these cover a square evenly (Roberts 2018, "R2"). */
const evenly = { azimuth: 0.618033988749895, elevation: 0.754877666246693 } as const;

/**
 * Where the views of a group are seen from: the first at the front, those of rounds from azimuths and elevations that
 * follow each other evenly from a place that the seed draws.
 */
export function groupCameras(manifest: Manifest, seed: number, group: number): Camera[] {
  if (group === 0) return frontCameras(manifest);
  const { camera, views } = manifest;
  const at = (index: number, step: number) =>
    (uniform(seed, streams.camera, 0, index) + group * step) % 1;
  const [low, high] = camera.elevation;
  const azimuth = (360 / views) * at(0, evenly.azimuth);
  const elevation = low + (high - low) * at(1, evenly.elevation);
  return camera.azimuth_offsets.map((offset) =>
    orbitCamera({ ...camera, azimuth: azimuth + offset, elevation }),
  );
}
