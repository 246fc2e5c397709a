import code from '../../shaders/guidance/inversion.wgsl';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { type Dispatch, Shader, type Uniforms } from '../gpu/kernel';
import type { Submission } from '../gpu/submission';
import type { NoiseSchedule, ScheduleLevel } from '../prior/noise_schedule';
import { streams, uniform } from '../random';
import { cameraMatrices } from '../render/camera';
import type { GuidanceShape } from './noise';
import type { FrozenScore, NoiseSource, QueryDraw, TextName, Texts } from './queries';
import { maxInversionSteps } from './settings';

export interface InversionParts {
  /** f32 [V, C, H, W] in [0, 1]: what the models see of the views. */
  readonly input: GPUBuffer;
  /** The frozen denoiser for a batch of two; it may be the one that answers the step's questions. */
  readonly denoiser: FrozenScore;
  readonly schedule: NoiseSchedule;
  readonly texts: Texts;
  /** What guidance takes for no prompt. */
  readonly unconditional: TextName;
}

/** Clean views: where an inversion starts. */
const clean: ScheduleLevel = { timestep: 0, alpha: 1, sigma: 0 };

/**
 * The levels that an inversion to timestep τ goes through: clean, every T/n-th below τ, and last a random one up to
 * T/n beyond τ, whose noise is used at τ (SDI, Lukoianov et al. 2024, section 4.2).
 * @param overshoot in [0, 1).
 */
export function inversionLevels(
  schedule: NoiseSchedule,
  timestep: number,
  steps: number,
  overshoot: number,
): readonly ScheduleLevel[] {
  const stride = schedule.timesteps / steps;
  const between = Array.from({ length: steps }, (_, i) => Math.round((i + 1) * stride));
  const last = Math.min(Math.floor(timestep + overshoot * stride), schedule.timesteps - 1);
  return [
    clean,
    ...between.filter((t) => t < timestep).map((t) => schedule.level(t)),
    schedule.level(Math.max(last, 1)),
  ];
}

/** Deviation of fresh noise in a step of DDIM between two levels, before η (Song et al. 2021, eq. 16). */
export const ddimDeviation = (less: ScheduleLevel, more: ScheduleLevel): number =>
  (less.sigma / more.sigma) * Math.sqrt(Math.max(0, 1 - (more.alpha / less.alpha) ** 2));

/** The noise that DDIM, run backwards, finds in the views: SDI's in place of random noise. */
export class InvertedNoise implements NoiseSource {
  readonly epsilon: GPUBuffer;
  readonly #parts: InversionParts;
  readonly #arena: Arena;
  readonly #uniforms: Uniforms;
  readonly #start: Dispatch;
  readonly #advance: Dispatch;
  readonly #found: Dispatch;
  readonly #groups: number;
  #calls = 0;

  /** @throws RangeError when the denoiser's batch is not two. */
  constructor(gpu: Gpu, { elements, prediction }: GuidanceShape, parts: InversionParts) {
    const { input: views, denoiser } = parts;
    if (denoiser.batch !== 2) {
      throw new RangeError(`An inversion asks two questions at once, not ${denoiser.batch}.`);
    }
    const velocity = prediction === 'v' ? 1 : 0;
    const shader = new Shader(gpu, 'guidance.inversion', code, { elements, velocity });
    this.#parts = parts;
    this.#groups = Math.ceil(elements / 64);
    this.#arena = new Arena(gpu, 'guidance.inversion');
    this.epsilon = this.#arena.allocate('epsilon', elements);
    this.#uniforms = shader.uniforms('inversion');
    const { z } = denoiser;
    const inversion = this.#uniforms.buffer;
    const epsilon = this.epsilon;
    this.#start = shader.bind('start', { views, z });
    this.#advance = shader.bind('advance', { inversion, z, prediction: denoiser.prediction });
    this.#found = shader.bind('found', { inversion, views, z, epsilon });
  }

  get calls(): number {
    return this.#calls;
  }

  async draw(work: Submission, draw: QueryDraw): Promise<void> {
    const { seed, noiseStep, cameras, levels, now } = draw;
    const { denoiser, schedule, texts, unconditional } = this.#parts;
    const { inversionSteps, inversionScale, inversionEta } = now.guidance;
    const overshoot = uniform(seed, streams.inversionTimestep, noiseStep, 0);
    const path = inversionLevels(schedule, levels.dm.timestep, inversionSteps, overshoot);
    const view = cameraMatrices(cameras);
    this.#calls = 2 * (path.length - 1);
    this.#start.record(work.pass, this.#groups);
    for (const [i, before] of path.slice(0, -1).entries()) {
      const after = path[i + 1]!;
      work.submit();
      denoiser.setText(0, texts('prompt', cameras));
      denoiser.setText(1, texts(unconditional, cameras));
      await denoiser.run({ timesteps: [before.timestep, before.timestep], cameras: view });
      this.#uniforms.write({
        before,
        after,
        scale: inversionScale,
        jitter: inversionEta * ddimDeviation(before, after),
        seed,
        noise_stream: streams.inversionNoise,
        draw: noiseStep * (maxInversionSteps + 1) + i,
      });
      this.#advance.record(work.pass, this.#groups);
    }
    this.#found.record(work.pass, this.#groups);
    work.submit();
  }

  dispose(): void {
    this.#uniforms.dispose();
    this.#arena.dispose();
  }
}
