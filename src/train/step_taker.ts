import type { Snapshot } from '../gpu/snapshot';
import type { StepReport, Watch } from '../protocol/reports';
import type { Settings } from '../settings';

/** What takes a run's steps: `Trainer` by score distillation, `Reconstruction` by views that it draws and fits. */
export interface StepTaker {
  /** Steps taken. */
  readonly step: number;
  /**
   * @param watch is told what the step saw.
   * @throws NonFiniteGradientError when a gradient is not finite; the generator keeps its last state.
   */
  takeStep(watch?: Watch): Promise<StepReport>;
  /** The gradient on the views under other noise, where there is one; see `Trainer.gradientUnder`. */
  gradientUnder?(noise: number): Promise<Float32Array | undefined>;
  /** What the next step depends on beside the generator and the fake score. */
  snapshot(): Snapshot;
  /** Goes on as if `step` steps had been taken, from a snapshot; generator and ψ were restored to match. */
  resumeAt(step: number, snapshot: Snapshot): void;
  /** Has these settings from the next step on, where steps read them anew; absent where they do not. */
  change?(settings: Settings): void;
  dispose(): void;
}
