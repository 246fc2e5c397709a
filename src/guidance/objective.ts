import code from '../../shaders/guidance/objective.wgsl';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { type Dispatch, Shader, type Uniforms } from '../gpu/kernel';
import { scheduled } from '../schema';
import type { GuidanceShape } from './noise';
import type { GuidedRun } from './settings';
import { drawStep, type NoiseLevel, type StepLevels, weight } from './timestep';

export interface ObjectiveBuffers {
  /** f32 [slots, V, C, H, W]: noised views and the frozen model's predictions at them. */
  readonly z: GPUBuffer;
  readonly prediction: GPUBuffer;
  /** f32 [V, C, H, W]: the fake score's prediction at z_τ; absent when the baseline is the noise. */
  readonly fakePrediction?: GPUBuffer;
  /** f32 [V, C, H, W], written: ∂L/∂view. */
  readonly gradient: GPUBuffer;
}

/**
 * The noise levels of z's slots, in the order that the objective reads: conditional at τ,
 * unconditional at τ' and, where τ' is not τ, conditional at τ'.
 */
export function slotLevels({ matching, adherence }: StepLevels): NoiseLevel[] {
  return adherence === matching ? [matching, matching] : [matching, adherence, adherence];
}

/** The gradient of the objective on the views: SDS, VSD and what lies between (docs/method.md). */
export class Objective {
  /** f32 [3]: root mean squares of the matching term, the adherence term and the gradient. */
  readonly norms: GPUBuffer;
  readonly #arena: Arena;
  readonly #uniforms: Uniforms;
  readonly #spread: Dispatch;
  readonly #gradient: Dispatch;
  readonly #measure: Dispatch;
  readonly #elements: number;
  readonly #channels: number;
  #rescale = 0;

  constructor(gpu: Gpu, shape: GuidanceShape, buffers: ObjectiveBuffers) {
    const { z, prediction, fakePrediction, gradient } = buffers;
    const { elements, pixels, views } = shape;
    const channels = elements / pixels;
    const shader = new Shader(gpu, 'guidance.objective', code, {
      elements,
      pixels,
      plane: pixels / views,
      channels,
      velocity: shape.prediction === 'v' ? 1 : 0,
    });
    this.#arena = new Arena(gpu, 'guidance.objective');
    this.#elements = elements;
    this.#channels = channels;
    this.#uniforms = shader.uniforms('objective');
    this.norms = this.#arena.allocate('norms', 3);
    const terms = this.#arena.allocate('terms', 2 * elements);
    const spreads = this.#arena.allocate('spreads', 4 * channels);
    const estimates = { objective: this.#uniforms.buffer, z, prediction, spreads };
    const shared = { ...estimates, gradient, terms };
    this.#spread = shader.bind('measure_spread', estimates);
    this.#gradient = fakePrediction
      ? shader.bind('against_fake', { ...shared, fake_prediction: fakePrediction })
      : shader.bind('against_noise', shared);
    this.#measure = shader.bind('measure', { gradient, terms, norms: this.norms });
  }

  /** Sets the weights of the next submit. */
  begin(settings: GuidedRun, step: number, { matching, adherence }: StepLevels): void {
    const { guidance, seed, steps } = settings;
    const term = (level: NoiseLevel, lambda: number) => ({
      alpha: level.alpha,
      sigma: level.sigma,
      weight: lambda * weight(guidance.weighting, level),
      noise_stream: level.stream,
    });
    this.#uniforms.write({
      matching: term(matching, guidance.lambdaDm),
      adherence: term(adherence, 1),
      guidance: scheduled(guidance.scale, step, steps) - 1,
      seed,
      step: drawStep(settings, step),
      adherence_slot: adherence === matching ? 0 : 2,
      rescale: guidance.rescale,
    });
    this.#rescale = guidance.rescale;
  }

  record(pass: GPUComputePassEncoder): void {
    if (this.#rescale > 0) this.#spread.record(pass, this.#channels);
    this.#gradient.record(pass, Math.ceil(this.#elements / 64));
    this.#measure.record(pass, 1);
  }

  dispose(): void {
    this.#uniforms.dispose();
    this.#arena.dispose();
  }
}
