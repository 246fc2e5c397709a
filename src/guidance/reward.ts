import code from '../../shaders/guidance/reward.wgsl';
import { LimbeckError } from '../errors';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { type Dispatch, Shader, type Uniforms } from '../gpu/kernel';
import { Readback } from '../gpu/readback';
import type { Work } from '../gpu/submission';
import type { QueryDraw } from './queries';

/** What is climbed beside the scores: a network's opinion of views, and how it changes with them. */
export interface Reward {
  /** Names it: checkpoints tell by it whether they were made with another. */
  readonly id: string;
  /**
   * R and ∂R/∂views.
   * @param views f32 [V, 4, H, W], premultiplied, in [0, 1].
   */
  evaluate(
    views: Float32Array,
  ): Promise<{ readonly value: number; readonly gradient: Float32Array }>;
}

export interface RewardBuffers {
  /** f32 [V, 4, H, W]. */
  readonly views: GPUBuffer;
  /** f32 [V, 4, H, W]: ∂L/∂views, added to. */
  readonly viewGradients: GPUBuffer;
  /** f32 [3], the last the root mean square of the scores' gradient. */
  readonly norms: GPUBuffer;
  /** V·4·H·W. */
  readonly words: number;
}

/** −ρ ∂R/∂x: a reward in the loop (DMDR, Jiang et al. 2025). */
export class RewardTerm {
  readonly #gpu: Gpu;
  readonly #reward: Reward;
  readonly #buffers: RewardBuffers;
  readonly #arena: Arena;
  readonly #readback: Readback;
  readonly #uniforms: Uniforms;
  readonly #slope: GPUBuffer;
  readonly #add: Dispatch;
  #value: number | null = null;

  constructor(gpu: Gpu, reward: Reward, buffers: RewardBuffers) {
    const { norms, viewGradients, words } = buffers;
    const shader = new Shader(gpu, 'guidance.reward', code, { words });
    this.#gpu = gpu;
    this.#reward = reward;
    this.#buffers = buffers;
    this.#arena = new Arena(gpu, 'guidance.reward');
    this.#readback = new Readback(gpu);
    this.#slope = this.#arena.allocate('slope', words);
    this.#uniforms = shader.uniforms('reward');
    this.#add = shader.bind('add_gradient', {
      reward: this.#uniforms.buffer,
      slope: this.#slope,
      norms,
      view_gradients: viewGradients,
    });
  }

  /** R of the views of the last step; null where it was not asked. */
  get value(): number | null {
    return this.#value;
  }

  /**
   * Asks about the views that were submitted, where the step gives the reward weight.
   * @throws LimbeckError when the answer is not finite.
   */
  async ask({ now: { reward } }: Pick<QueryDraw, 'now'>): Promise<void> {
    this.#value = null;
    if (reward.weight === 0) return;
    const { views, words } = this.#buffers;
    const { value, gradient } = await this.#reward.evaluate(
      await this.#readback.floats(views, words),
    );
    const squares = gradient.reduce((sum, slope) => sum + slope * slope, 0);
    if (!Number.isFinite(value) || !Number.isFinite(squares)) {
      throw new LimbeckError(
        `The reward is ${value}, and its gradient is not finite.`,
        'Go on without it (--reward.weight 0), or take another reward.',
      );
    }
    const size = Math.sqrt(squares / words);
    this.#uniforms.write({ weight: reward.weight, clip: reward.clip, size });
    this.#gpu.device.queue.writeBuffer(this.#slope, 0, gradient as Float32Array<ArrayBuffer>);
    this.#value = value;
  }

  /** Records what is added to the gradient on the views. */
  gradient(work: Work): void {
    if (this.#value === null) return;
    this.#add.record(work.pass, Math.ceil(this.#buffers.words / 64));
  }

  dispose(): void {
    this.#uniforms.dispose();
    this.#arena.dispose();
    this.#readback.dispose();
  }
}
