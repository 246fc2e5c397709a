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
  /**
   * Lowest and highest timestep at which there is guidance; outside, the scale is 1, which costs one question
   * instead of two (Kynkäänniemi et al. 2024). Default: all timesteps.
   */
  readonly interval?: readonly [low: number, high: number];
  readonly prompt: Conditioning;
  /** See `PromptEncoder.unconditional`. */
  readonly unconditional: Conditioning;
  /** c2w of each view [V, 16], row-major 4x4. */
  readonly cameras: Float32Array;
}

/** What a sample looks like after some of its steps. */
export interface Estimate {
  /** Network evaluations so far, from 1, and in all. */
  readonly step: number;
  readonly steps: number;
  /**
   * f32 [V, 4, H, W] in [0, 1]: the views, RGB premultiplied by alpha, then alpha, 1 where the prior knows none;
   * row 0 at the top. After the last step, the sample.
   */
  readonly views: Float32Array;
}

/** The frozen denoiser of a batch size. */
export type DenoiserSource = (batch: number) => Promise<Denoiser>;

/**
 * Draws views from the prior itself with DDIM (Song et al. 2021, eta = 0) and classifier-free guidance
 * (Ho and Salimans 2022): deterministic in the seed. What a distilled field is measured against. Between two steps others may use
 * the denoiser: it is told everything each time.
 */
export class Sampler {
  readonly #runtime: Runtime;
  readonly #denoisers: DenoiserSource;
  readonly #manifest: Manifest;
  readonly #schedule: NoiseSchedule;
  readonly #readback: Readback;

  /** @param denoisers are not the sampler's to dispose of. */
  constructor(runtime: Runtime, denoisers: DenoiserSource, manifest: Manifest) {
    this.#runtime = runtime;
    this.#denoisers = denoisers;
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
      yield { step: index + 1, steps, views: viewsOf(clean, this.#manifest) };
    }
  }

  dispose(): void {
    this.#readback.dispose();
  }

  /** Unconditional + s (conditional - unconditional): the same for v and eps, since both see one z. */
  async #predict(z: Float32Array, timestep: number, options: SamplingOptions) {
    const { prompt, unconditional, cameras, interval = [0, Number.POSITIVE_INFINITY] } = options;
    const guided = timestep >= interval[0] && timestep <= interval[1];
    const scale = guided ? options.guidance : 1;
    const texts = scale === 1 ? [prompt] : [prompt, unconditional];
    const denoiser = await this.#denoisers(texts.length);
    texts.forEach((text, slot) => {
      this.#runtime.gpu.device.queue.writeBuffer(
        denoiser.z,
        slot * z.byteLength,
        z as Float32Array<ArrayBuffer>,
      );
      denoiser.setText(slot, text);
    });
    await denoiser.run({ timesteps: texts.map(() => timestep), cameras });
    const answers = await this.#readback.floats(denoiser.prediction, texts.length * z.length);
    if (scale === 1) return answers;
    return z.map((_, i) => {
      const without = answers[z.length + i]!;
      return without + scale * (answers[i]! - without);
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

/** The model's values [V, C, H, W] in [-1, 1] as views [V, 4, H, W] in [0, 1]. */
function viewsOf(clean: Float32Array, { views, channels, resolution }: Manifest): Float32Array {
  const plane = resolution ** 2;
  return Float32Array.from({ length: 4 * views * plane }, (_, i) => {
    const channel = Math.floor(i / plane) % 4;
    if (channel >= channels) return 1;
    const view = Math.floor(i / (4 * plane));
    return (clean[(view * channels + channel) * plane + (i % plane)]! + 1) / 2;
  });
}
