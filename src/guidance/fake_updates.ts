import type { Gpu } from '../gpu/device';
import { Submission } from '../gpu/submission';
import { maxFakeUpdates } from '../prior/settings';
import { type GuidanceShape, Noising } from './noise';
import { type QueryDraw, type Texts, type TrainedScore, toldOf } from './queries';

/** What the last update of a step did. */
export interface FakeStep {
  /** Denoising loss of ψ. */
  readonly loss: number;
  readonly gradientNorm: number;
}

export interface FakeParts {
  readonly fake: TrainedScore;
  /** f32 [V, C, H, W] in [0, 1]: what the models see of the views. */
  readonly input: GPUBuffer;
  readonly texts: Texts;
}

/** Denoising score matching of ψ on the views of each step: min_ψ E |ε_ψ(z_τ''; y, c) − ε|² (VSD, eq. 9). */
export class FakeUpdates {
  readonly #gpu: Gpu;
  readonly #fake: TrainedScore;
  readonly #texts: Texts;
  readonly #noising: Noising;

  constructor(gpu: Gpu, shape: GuidanceShape, { fake, input, texts }: FakeParts) {
    this.#gpu = gpu;
    this.#fake = fake;
    this.#texts = texts;
    const buffers = { views: input, z: fake.learned, target: fake.target };
    this.#noising = new Noising(gpu, shape, 1, buffers);
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
        ...toldOf('prompt', cameras, level.blind, this.#texts),
        learningRate: now.fake.learningRate,
      });
    }
    return report;
  }

  dispose(): void {
    this.#noising.dispose();
  }
}
