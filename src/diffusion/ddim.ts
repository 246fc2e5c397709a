import { Readback } from '../gpu/readback';
import { normal, streams } from '../random';
import type { Denoiser } from './denoiser';
import type { Manifest } from './manifest';
import type { Runtime } from './runtime';
import { NoiseSchedule } from './schedule';

export interface SamplingOptions {
  readonly seed: number;
  /** Network evaluations. */
  readonly steps: number;
  /** Scale s of classifier-free guidance: 1 is the conditional model, 0 the unconditional one. */
  readonly guidance: number;
  /** c2w of each view [V, 16], row-major 4x4. */
  readonly cameras: Float32Array;
  /** Called before each step with its number, from 0. */
  readonly onStep?: (step: number) => void;
}

/**
 * Draws views from the prior itself with DDIM (Song et al. 2021, eta = 0) and classifier-free guidance
 * (Ho and Salimans 2022): deterministic in the seed. What a distilled field is measured against.
 */
export class Sampler {
  readonly #runtime: Runtime;
  readonly #denoiser: Denoiser;
  readonly #manifest: Manifest;
  readonly #schedule: NoiseSchedule;
  readonly #readback: Readback;

  /**
   * @param denoiser of a batch of 2: entry 0 conditioned on the prompt, entry 1 on the empty prompt.
   * @throws RangeError for another batch.
   */
  constructor(runtime: Runtime, denoiser: Denoiser, manifest: Manifest) {
    if (denoiser.batch !== 2) {
      throw new RangeError(`A sampler takes a denoiser of batch 2, not ${denoiser.batch}.`);
    }
    this.#runtime = runtime;
    this.#denoiser = denoiser;
    this.#manifest = manifest;
    this.#schedule = new NoiseSchedule(manifest.alpha_bar);
    this.#readback = new Readback(runtime.gpu);
  }

  /** Views [V, C, H, W] in [0, 1], premultiplied by alpha, row 0 at the top. */
  async sample(options: SamplingOptions): Promise<Float32Array> {
    const { seed, steps, guidance, cameras } = options;
    const { views, channels, resolution } = this.#manifest;
    const count = views * channels * resolution ** 2;
    const timesteps = this.#schedule.samplingTimesteps(steps);
    let z: Float32Array = Float32Array.from({ length: count }, (_, i) =>
      normal(seed, streams.noise, 0, i),
    );
    for (const [step, timestep] of timesteps.entries()) {
      options.onStep?.(step);
      const prediction = await this.#predict(z, timestep, guidance, cameras);
      z = this.#step(z, prediction, timestep, timesteps[step + 1] ?? -1);
    }
    return z.map((value) => (value + 1) / 2);
  }

  dispose(): void {
    this.#readback.dispose();
  }

  /** Unconditional + s (conditional - unconditional): the same for v and eps, since both see one z. */
  async #predict(z: Float32Array, timestep: number, guidance: number, cameras: Float32Array) {
    const { queue } = this.#runtime.gpu.device;
    const both = new Float32Array(2 * z.length);
    both.set(z);
    both.set(z, z.length);
    queue.writeBuffer(this.#denoiser.z, 0, both);
    await this.#denoiser.run({ timesteps: [timestep, timestep], cameras });
    const predictions = await this.#readback.floats(this.#denoiser.prediction, both.length);
    return z.map((_, i) => {
      const unconditional = predictions[z.length + i]!;
      return unconditional + guidance * (predictions[i]! - unconditional);
    });
  }

  /** To the next timestep, the clean value held to the range of colours (Saharia et al. 2022, section 2.3). */
  #step(z: Float32Array, prediction: Float32Array, from: number, to: number): Float32Array {
    return z.map((value, i) => {
      const said = this.#schedule.decompose(prediction[i]!, this.#manifest.prediction, value, from);
      const clean = Math.max(-1, Math.min(1, said.clean));
      const { epsilon } = this.#schedule.decompose(clean, 'clean', value, from);
      return this.#schedule.ddim(clean, epsilon, to);
    });
  }
}
