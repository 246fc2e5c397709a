import { Readback } from '../gpu/readback';
import { normal, streams } from '../random';
import type { Runtime } from '../runtime/runtime';
import type { Denoiser } from './denoiser';
import { held, rescaled } from './guided_estimate';
import { type Manifest, seenOf } from './manifest';
import { NoiseSchedule } from './noise_schedule';
import { type CleanEstimate, type SolverName, solve } from './solver';
import { latentColours } from './space/preview';
import type { Conditioning } from './text_encoder';

/** How a sample is drawn that does not say otherwise. */
export const samplingDefaults = { steps: 16, solver: 'dpm-solver++' } as const;

/** Lowest and highest timestep at which there is guidance. */
export type GuidanceInterval = readonly [low: number, high: number];

/** What the network is asked, and how its answers are guided. */
export interface Guidance {
  /** Scale s of classifier-free guidance: 1 is the conditional model, 0 the unconditional one. */
  readonly guidance: number;
  /**
   * Where there is guidance; outside, the scale is 1, which costs one question instead of two (Kynkäänniemi et
   * al. 2024). Default: all timesteps.
   */
  readonly interval?: GuidanceInterval;
  /** How far guided colours get back their spread, see `rescaled`. Default 0. */
  readonly rescale?: number;
  /** Whether estimates are held to what views can be, see `held`. Default true. */
  readonly threshold?: boolean;
  readonly prompt: Conditioning;
  /** See `PromptEncoder.unconditional`. */
  readonly unconditional: Conditioning;
  /** c2w of each view [V, 16], row-major 4x4. */
  readonly cameras: Float32Array;
}

export interface SamplingOptions extends Guidance {
  readonly seed: number;
  /** Network evaluations. */
  readonly steps: number;
  /** Default: DPM-Solver++(2M). */
  readonly solver?: SolverName;
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

/** What the network makes of z, each f32 [V, C, H, W]. */
export interface Guided {
  /** The guided clean estimate. */
  readonly clean: Float32Array;
  /** The clean estimates that it was made of: with the prompt, and where there is guidance, without. */
  readonly told: readonly Float32Array[];
}

/** The frozen denoiser of a batch size. */
export type DenoiserSource = (batch: number) => Promise<Denoiser>;

/** The scale of guidance at a timestep: 1, none, outside of the interval. */
export function scaleAt(
  timestep: number,
  scale: number,
  [low, high]: GuidanceInterval = [0, Number.POSITIVE_INFINITY],
): number {
  return timestep >= low && timestep <= high ? scale : 1;
}

/**
 * Draws views from the prior itself, with classifier-free guidance (Ho and Salimans 2022): deterministic in the seed.
 * What a distilled field is measured against, and what a reconstruction is made of. Between two steps others may use
 * the denoiser: it is told everything each time.
 */
export class Sampler {
  readonly schedule: NoiseSchedule;
  readonly #runtime: Pick<Runtime, 'gpu'>;
  readonly #denoisers: DenoiserSource;
  readonly #manifest: Manifest;
  readonly #readback: Readback;

  /** @param denoisers are not the sampler's to dispose of. */
  constructor(runtime: Pick<Runtime, 'gpu'>, denoisers: DenoiserSource, manifest: Manifest) {
    this.#runtime = runtime;
    this.#denoisers = denoisers;
    this.#manifest = manifest;
    this.schedule = new NoiseSchedule(manifest.alpha_bar);
    this.#readback = new Readback(runtime.gpu);
  }

  /** Draws one step at a time, an estimate after each. */
  async *sample(options: SamplingOptions): AsyncGenerator<Estimate, void> {
    const { seed, steps, solver = samplingDefaults.solver } = options;
    const timesteps = this.schedule.samplingTimesteps(steps);
    let z = this.noise(seed, 0);
    let before: CleanEstimate | undefined;
    for (const [index, timestep] of timesteps.entries()) {
      const { clean } = await this.estimate(z, timestep, options);
      const now = { timestep, clean };
      z = solve(solver, this.schedule, z, now, before, timesteps[index + 1] ?? -1);
      before = now;
      yield { step: index + 1, steps: timesteps.length, views: viewsOf(clean, this.#manifest) };
    }
  }

  /** ε ~ N(0, I) of a step, f32 [V, C, H, W]. */
  noise(seed: number, step: number): Float32Array {
    const { channels, side } = seenOf(this.#manifest);
    const length = this.#manifest.views * channels * side ** 2;
    return Float32Array.from({ length }, (_, i) => normal(seed, streams.noise, step, i));
  }

  /**
   * What z was made of in the network's eyes, in [-1, 1]. Unconditional + s (conditional - unconditional) is the same for v, ε and x, since both see one z.
   */
  async estimate(z: Float32Array, timestep: number, options: Guidance): Promise<Guided> {
    const { prompt, unconditional, cameras, guidance, interval } = options;
    const { rescale = 0 } = options;
    // Latents have no bounds.
    const threshold = (options.threshold ?? true) && !this.#manifest.latent;
    const scale = scaleAt(timestep, guidance, interval);
    const texts = scale === 1 ? [prompt] : [prompt, unconditional];
    const told = await this.#clean(z, timestep, texts, cameras);
    const [conditional, other] = told as [Float32Array, Float32Array?];
    const guided = other
      ? conditional.map((value, i) => other[i]! + scale * (value - other[i]!))
      : conditional;
    const clean = rescaled(guided, conditional, other ? rescale : 0, this.#manifest);
    return { clean: threshold ? held(clean, this.#manifest) : clean, told };
  }

  dispose(): void {
    this.#readback.dispose();
  }

  /** The clean estimate of each text. */
  async #clean(
    z: Float32Array,
    timestep: number,
    texts: readonly Conditioning[],
    cameras: Float32Array,
  ): Promise<Float32Array[]> {
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
    const kind = this.#manifest.prediction;
    return texts.map((_, slot) => {
      const answer = answers.subarray(slot * z.length, (slot + 1) * z.length);
      return z.map((value, i) => this.schedule.decompose(answer[i]!, kind, value, timestep).clean);
    });
  }
}

/** The model's values [V, C, H, W] in [-1, 1] as views [V, 4, H, W] in [0, 1]; of latents, their colours. */
function viewsOf(clean: Float32Array, { views, channels, resolution, latent }: Manifest) {
  const values = latent ? latentColours(clean, latent.channels, latent.side) : clean;
  const plane = resolution ** 2;
  return Float32Array.from({ length: 4 * views * plane }, (_, i) => {
    const channel = Math.floor(i / plane) % 4;
    if (channel >= channels) return 1;
    const view = Math.floor(i / (4 * plane));
    const value = (values[(view * channels + channel) * plane + (i % plane)]! + 1) / 2;
    return latent ? Math.min(Math.max(value, 0), 1) : value;
  });
}
