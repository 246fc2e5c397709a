import code from '../../shaders/guidance/objective.wgsl';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { type Dispatch, Shader, type Uniforms } from '../gpu/kernel';
import type { Readback } from '../gpu/readback';
import type { Work } from '../gpu/submission';
import type { GuidanceShape } from './noise';
import { type NoiseLevel, weight } from './noise_level';
import { type Answers, batchOf, type QueryDraw, slotOf } from './queries';

/** Root mean squares over elements of the objective's terms and of its gradient. */
export interface TermSizes {
  readonly dm: number;
  readonly cfg: number;
  readonly gradient: number;
}

/** What the objective is told of a step. */
export type ObjectiveDraw = Pick<QueryDraw, 'now' | 'seed' | 'noiseStep' | 'levels'>;

/** ∂L/∂x of what the models see: SDS, VSD and what lies between (docs/method.md, "Guidance"). */
export class Objective {
  /** f32 [V, C, H, W, 2], written: the weighted terms of distribution matching and of guidance. */
  readonly terms: GPUBuffer;
  readonly #arena: Arena;
  readonly #uniforms: Uniforms;
  readonly #spread: Dispatch;
  readonly #gradient: Dispatch;
  readonly #measure: Dispatch;
  readonly #norms: GPUBuffer;
  readonly #elements: number;
  readonly #channels: number;
  #rescales = false;

  /** @param gradient f32 [V, C, H, W], written. */
  constructor(gpu: Gpu, shape: GuidanceShape, answers: Answers, gradient: GPUBuffer) {
    const { elements, pixels, views } = shape;
    const { questions, z, prediction, fakePrediction } = answers;
    const { conditional, baseline, cfgConditional, cfgUnconditional } = questions;
    const channels = elements / pixels;
    const slot = (query: typeof conditional) => slotOf(batchOf(questions, query.model), query);
    const shader = new Shader(gpu, 'guidance.objective', code, {
      elements,
      pixels,
      plane: pixels / views,
      channels,
      velocity: shape.prediction === 'v' ? 1 : 0,
      conditional: slot(conditional),
      cfg_conditional: slot(cfgConditional),
      cfg_unconditional: slot(cfgUnconditional),
      baseline_slot: baseline ? slot(baseline) : 0,
    });
    this.#arena = new Arena(gpu, 'guidance.objective');
    this.#elements = elements;
    this.#channels = channels;
    this.#uniforms = shader.uniforms('objective');
    this.#norms = this.#arena.allocate('norms', 3);
    this.terms = this.#arena.allocate('terms', 2 * elements);
    const { terms } = this;
    const spreads = this.#arena.allocate('spreads', 4 * channels);
    const estimates = { objective: this.#uniforms.buffer, z, prediction, spreads };
    const shared = { ...estimates, gradient, terms };
    this.#spread = shader.bind('measure_spread', estimates);
    if (!baseline) this.#gradient = shader.bind('against_noise', shared);
    else if (baseline.model === 'frozen') this.#gradient = shader.bind('against_frozen', shared);
    else {
      const fake = { fake_z: answers.fakeZ!, fake_prediction: fakePrediction! };
      this.#gradient = shader.bind('against_fake', { ...shared, ...fake });
    }
    this.#measure = shader.bind('measure', { gradient, terms, norms: this.#norms });
  }

  /** Records the gradient of a step. */
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
      baseline: term(levels.baseline, 0),
      cfg: term(levels.cfg, 1),
      lambda_cfg: guidance.scale - 1,
      seed,
      step: noiseStep,
      rescale: guidance.rescale,
      threshold: guidance.threshold ? 1 : 0,
    });
    this.#rescales = guidance.rescale > 0;
  }

  /** Records the gradient of what was begun last. */
  record(pass: GPUComputePassEncoder): void {
    if (this.#rescales) this.#spread.record(pass, this.#channels);
    this.#gradient.record(pass, Math.ceil(this.#elements / 64));
    this.#measure.record(pass, 1);
  }

  /** Sizes of the last gradient's terms, once it was submitted. */
  async sizes(readback: Readback): Promise<TermSizes> {
    const [dm = 0, cfg = 0, gradient = 0] = await readback.floats(this.#norms, 3);
    return { dm, cfg, gradient };
  }

  dispose(): void {
    this.#uniforms.dispose();
    this.#arena.dispose();
  }
}
