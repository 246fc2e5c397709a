import code from '../../shaders/guidance/objective.wgsl';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { type Dispatch, Shader, type Uniforms } from '../gpu/kernel';
import type { Readback } from '../gpu/readback';
import type { Work } from '../gpu/submission';
import type { GuidanceShape } from './noise';
import { baselineShare, type NoiseLevel, weight } from './noise_level';
import { type Answers, batchOf, type QueryDraw, slotOf } from './queries';

/** Root mean squares over elements of the objective's terms and of its gradient. */
export interface TermSizes {
  readonly dm: number;
  readonly cfg: number;
  readonly gradient: number;
}

/** What the objective reads beside the answers, and what it writes, f32 [V, C, H, W] each. */
export interface ObjectiveBuffers {
  /** In [0, 1]: what the models see of the views. */
  readonly input: GPUBuffer;
  /** ∂L/∂input, written. */
  readonly inputGradient: GPUBuffer;
}

/** What the objective is told of a step. */
export type ObjectiveDraw = Pick<QueryDraw, 'now' | 'seed' | 'noiseStep' | 'levels'>;

/** ∂L/∂x of what the models see: SDS, VSD and what lies between (docs/method.md, "Guidance"). */
export class Objective {
  /** f32 [V, C, H, W, 2], written: the weighted terms of distribution matching and of guidance. */
  readonly terms: GPUBuffer;
  /** f32 [3], written by `measure`: root mean squares of both terms and of the gradient. */
  readonly norms: GPUBuffer;
  readonly #arena: Arena;
  readonly #uniforms: Uniforms;
  readonly #spread: Dispatch;
  readonly #distance: Dispatch;
  readonly #normalise: Dispatch;
  readonly #gradient: Dispatch;
  readonly #measure: Dispatch;
  readonly #elements: number;
  readonly #channels: number;
  readonly #timesteps: number;
  readonly #bounded: boolean;
  #rescales = false;
  #normalises = false;

  constructor(gpu: Gpu, shape: GuidanceShape, answers: Answers, buffers: ObjectiveBuffers) {
    const { elements, pixels, views } = shape;
    const { input, inputGradient: gradient } = buffers;
    const { questions, z, prediction, fakePrediction, givenNoise } = answers;
    const { conditional, baseline, baselineBlind, cfgConditional } = questions;
    const { cfgUnconditional, cfgNegative } = questions;
    const channels = elements / pixels;
    const slot = (query: typeof conditional) => slotOf(batchOf(questions, query.model), query);
    const shader = new Shader(gpu, 'guidance.objective', code, {
      elements,
      pixels,
      plane: pixels / views,
      channels,
      premultiplied: channels === 4 && !shape.latent ? 1 : 0,
      velocity: shape.prediction === 'v' ? 1 : 0,
      conditional: slot(conditional),
      cfg_conditional: slot(cfgConditional),
      cfg_unconditional: slot(cfgUnconditional),
      cfg_negative: slot(cfgNegative),
      baseline_slot: baseline ? slot(baseline) : 0,
      baseline_blind: baselineBlind ? slot(baselineBlind) : 0,
    });
    this.#timesteps = shape.timesteps;
    this.#bounded = !shape.latent;
    this.#arena = new Arena(gpu, 'guidance.objective');
    this.#elements = elements;
    this.#channels = channels;
    this.#uniforms = shader.uniforms('objective');
    this.norms = this.#arena.allocate('norms', 3);
    this.terms = this.#arena.allocate('terms', 2 * elements);
    const { terms } = this;
    const spreads = this.#arena.allocate('spreads', 4 * channels);
    const estimates = { objective: this.#uniforms.buffer, z, prediction, spreads };
    const shared = { ...estimates, gradient, terms };
    this.#spread = shader.bind('measure_spread', estimates);
    const distance = this.#arena.allocate('distance', 1);
    this.#distance = shader.bind('measure_distance', { ...estimates, views: input, distance });
    this.#normalise = shader.bind('normalise', { gradient, terms, distance });
    if (!baseline && givenNoise)
      this.#gradient = shader.bind('against_given', { ...shared, given: givenNoise });
    else if (!baseline) this.#gradient = shader.bind('against_noise', shared);
    else if (baseline.model === 'frozen') this.#gradient = shader.bind('against_frozen', shared);
    else {
      const fake = { fake_z: answers.fakeZ!, fake_prediction: fakePrediction! };
      this.#gradient = shader.bind('against_fake', { ...shared, ...fake });
    }
    this.#measure = shader.bind('measure', { gradient, terms, norms: this.norms });
  }

  /** Records the gradient of a step; others may add to it before it is measured. */
  gradient(work: Work, draw: ObjectiveDraw): void {
    this.begin(draw);
    this.record(work.pass);
  }

  /** Queues the upload of what a step's gradient depends on. */
  begin({ now, seed, noiseStep, levels }: ObjectiveDraw): void {
    const { guidance } = now;
    const term = (level: NoiseLevel, lambda: number) => ({
      alpha: level.alpha,
      sigma: level.sigma,
      weight: lambda * weight(guidance.weighting, level),
      noise_stream: level.stream,
    });
    this.#uniforms.write({
      dm: term(levels.dm, guidance.lambdaDm),
      baseline: {
        ...term(levels.baseline, 1),
        weight: baselineShare(guidance, levels.baseline, this.#timesteps),
      },
      cfg: term(levels.cfg, 1),
      lambda_cfg: guidance.scale - 1,
      seed,
      step: noiseStep,
      rescale: guidance.rescale,
      threshold: guidance.threshold && this.#bounded ? 1 : 0,
      negative_share: guidance.negativeShare,
      fake_scale: guidance.fakeScale,
    });
    this.#rescales = guidance.rescale > 0;
    this.#normalises = guidance.normalise;
  }

  /** Records the gradient of what was begun last. */
  record(pass: GPUComputePassEncoder): void {
    if (this.#rescales) this.#spread.record(pass, this.#channels);
    this.#gradient.record(pass, Math.ceil(this.#elements / 64));
    if (!this.#normalises) return;
    this.#distance.record(pass, 1);
    this.#normalise.record(pass, Math.ceil(this.#elements / 64));
  }

  /** Records the sizes of the terms, and of the gradient as it is by now. */
  measure(work: Work): void {
    this.#measure.record(work.pass, 1);
  }

  /** Sizes of the last gradient's terms, once it was submitted. */
  async sizes(readback: Readback): Promise<TermSizes> {
    const [dm = 0, cfg = 0, gradient = 0] = await readback.floats(this.norms, 3);
    return { dm, cfg, gradient };
  }

  dispose(): void {
    this.#uniforms.dispose();
    this.#arena.dispose();
  }
}
