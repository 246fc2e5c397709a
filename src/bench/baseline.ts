import type { Level } from '../field/levels';
import type { BenchStep } from './step';

/** A training step as another program is told of it: tests/bench/torch_step.py. */
export interface BaselineStep {
  /** Pixels along a view's edge. */
  readonly resolution: number;
  readonly samplesPerRay: number;
  readonly levels: readonly Level[];
  readonly hidden: number;
  readonly blobScale: number;
  readonly blobStd: number;
  readonly cameras: readonly { readonly c2w: readonly number[]; readonly fovy: number }[];
  readonly occupancyResolution: number;
  /** The occupancy grid's bits, rows along x of whole words: words of 32 bits in this machine's order. */
  readonly occupancy: Uint32Array;
}

/** What the other program measured. */
export interface BaselineResult {
  /** Median seconds of a step. */
  readonly seconds: number;
  /** Points at which it evaluated the field; its random offsets along the rays are its own. */
  readonly points: number;
  /** Versions and device, for people. */
  readonly version: string;
  readonly device: string;
}

export type Baseline = (step: BaselineStep) => Promise<BaselineResult>;

/** What the other program must know to take the same step. @param occupancy words of the grid's bits. */
export function baselineStep(
  { size, generator, cameras }: BenchStep,
  occupancy: Uint32Array,
): BaselineStep {
  const { resolution, samplesPerRay, occupancyResolution, field } = size;
  return {
    resolution,
    samplesPerRay,
    levels: generator.field.grid.levels,
    hidden: field.hidden,
    blobScale: field.blobScale,
    blobStd: field.blobStd,
    cameras: cameras.map(({ c2w, fovy }) => ({ c2w: [...c2w], fovy })),
    occupancyResolution,
    occupancy,
  };
}
