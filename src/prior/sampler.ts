import { Readback } from '../gpu/readback';
import { normal, streams } from '../random';
import type { Runtime } from '../runtime/runtime';
import type { Denoiser } from './denoiser';
import type { Manifest } from './manifest';
import { NoiseSchedule } from './noise_schedule';
import type { Conditioning } from './text_encoder';

/** Network evaluations of a sample that does not say otherwise. */
export const defaultSteps = 50;

export interface SamplingOptions {
  readonly seed: number;
  /** Network evaluations. */
  readonly steps: number;
  /** Scale s of classifier-free guidance: 1 is the conditional model, 0 the unconditional one. */
  readonly guidance: number;
  readonly prompt: Conditioning;
  /** The unconditional conditioning: `PromptEncoder.unconditional`. */
  readonly empty: Conditioning;
  /** c2w of each view [V, 16], row-major 4x4. */
  readonly cameras: Float32Array;
}

/** What a sample looks like after some of its steps. */
export interface Estimate {
  /** Network evaluations so far, from 1, and in all. */
  readonly step: number;
  readonly steps: number;
  /** The views [V, C, H, W] in [0, 1], premultiplied by alpha, row 0 at the top; after the last step, the sample. */
  readonly views: Float32Array;
}

/**
 * Draws views from the prior itself with DDIM (Song et al. 2021, eta = 0) and classifier-free guidance
 * (Ho and Salimans 2022): deterministic in the seed. What a distilled field is measured against. Between two steps others may use
 * the denoiser: it is told everything each time.
 */
export class Sampler {
  readonly #runtime: Runtime;
  readonly #denoiser: Denoiser;
  readonly #manifest: Manifest;
  readonly #schedule: NoiseSchedule;
  readonly #readback: Readback;

  /**
   * @param denoiser of a batch of 2: entry 0 for the prompt, entry 1 for the unconditional conditioning.
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

  /** Draws one step at a time, an estimate after each. */
  async *sample(options: SamplingOptions): AsyncGenerator<Estimate, void> {
    const { seed, steps } = options;
    const { views, channels, resolution } = this.#manifest;
    const count = views * channels * resolution ** 2;
    const timesteps = this.#schedule.samplingTimesteps(steps);
    let z: Float32Array = Float32Array.from({ length: count }, (_, i) =>
      normal(seed, streams.noise, 0, i),
    );
    for (const [index, timestep] of timesteps.entries()) {
      const clean = this.#clean(z, await this.#predict(z, timestep, options), timestep);
      z = this.#step(z, clean, timestep, timesteps[index + 1] ?? -1);
      yield { step: index + 1, steps, views: clean.map((value) => (value + 1) / 2) };
    }
  }

  dispose(): void {
    this.#readback.dispose();
  }

  /** Unconditional + s (conditional - unconditional): the same for v and eps, since both see one z. */
  async #predict(z: Float32Array, timestep: number, options: SamplingOptions) {
    const { guidance, prompt, empty, cameras } = options;
    const { queue } = this.#runtime.gpu.device;
    const both = new Float32Array(2 * z.length);
    both.set(z);
    both.set(z, z.length);
    queue.writeBuffer(this.#denoiser.z, 0, both);
    this.#denoiser.setText(0, prompt);
    this.#denoiser.setText(1, empty);
    await this.#denoiser.run({ timesteps: [timestep, timestep], cameras });
    const predictions = await this.#readback.floats(this.#denoiser.prediction, both.length);
    return z.map((_, i) => {
      const unconditional = predictions[z.length + i]!;
      return unconditional + guidance * (predictions[i]! - unconditional);
    });
  }

  /** The clean value in [-1, 1]: held to the range of colours (Saharia et al. 2022, section 2.3). */
  #clean(z: Float32Array, prediction: Float32Array, timestep: number): Float32Array {
    const kind = this.#manifest.prediction;
    return z.map((value, i) => {
      const { clean } = this.#schedule.decompose(prediction[i]!, kind, value, timestep);
      return Math.max(-1, Math.min(1, clean));
    });
  }

  /** To the next timestep, along the noise that `z` holds beside the clean value. */
  #step(z: Float32Array, clean: Float32Array, from: number, to: number): Float32Array {
    return z.map((value, i) => {
      const { epsilon } = this.#schedule.decompose(clean[i]!, 'clean', value, from);
      return this.#schedule.ddim(clean[i]!, epsilon, to);
    });
  }
}
