import type { Gpu } from '../gpu/device';
import { Submission } from '../gpu/submission';
import { maxFakeUpdates } from '../prior/settings';
import { cameraMatrices } from '../render/camera';
import { type GuidanceShape, Noising } from './noise';
import type { QueryDraw, TrainedScore } from './queries';

/** What the last update of a step did. */
export interface FakeStep {
  /** Denoising loss of ψ. */
  readonly loss: number;
  readonly gradientNorm: number;
}

/** Denoising score matching of ψ on the views of each step: min_ψ E |ε_ψ(z_τ''; y, c) − ε|² (VSD, eq. 9). */
export class FakeUpdates {
  readonly #gpu: Gpu;
  readonly #fake: TrainedScore;
  readonly #noising: Noising;

  /** @param input f32 [V, C, H, W] in [0, 1]: what the models see of the views. */
  constructor(gpu: Gpu, shape: GuidanceShape, fake: TrainedScore, input: GPUBuffer) {
    this.#gpu = gpu;
    this.#fake = fake;
    this.#noising = new Noising(gpu, shape, 1, { views: input, z: fake.z, target: fake.target });
  }

  /** Takes the updates of a step; null where the settings ask for none. */
  async step({ seed, step, cameras, fakeLevels, now }: QueryDraw): Promise<FakeStep | null> {
    let report: FakeStep | null = null;
    for (const [update, level] of fakeLevels.entries()) {
      this.#noising.begin(seed, step * maxFakeUpdates + update, [level]);
      const work = new Submission(this.#gpu, 'guidance.fake target');
      this.#noising.record(work.pass);
      this.#noising.recordTarget(work.pass);
      work.submit();
      report = await this.#fake.train({
        timestep: level.timestep,
        cameras: cameraMatrices(cameras),
        learningRate: now.fake.learningRate,
      });
    }
    return report;
  }

  dispose(): void {
    this.#noising.dispose();
  }
}
