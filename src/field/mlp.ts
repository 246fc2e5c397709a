import code from '../../shaders/field/mlp.wgsl';
import reduceCode from '../../shaders/optim/reduce.wgsl';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { type Dispatch, Shader } from '../gpu/kernel';
import { streams, uniform } from '../random';
import { featuresPerLevel } from './levels';
import type { FieldOptions } from './options';
import { indirectOffset, type Points, pointsPerWorkgroup } from './points';

/** Chunks of points whose weight gradients are summed apart, then in fixed order. */
export const partialRows = 256;

/**
 * Units whose gradient one thread sums, and points that it goes through the units with. Threads that
 * read one address share the read on a GPU, whose registers are scarce; on a software adapter each
 * thread pays for it.
 */
const perThread = { software: { units: 4, points: 4 }, hardware: { units: 1, points: 1 } };

/** Buffers of one evaluation; shapes as in shaders/field/mlp.wgsl. */
export interface MlpBuffers {
  readonly features: GPUBuffer;
  readonly values: GPUBuffer;
  /** Left out where no gradient is wanted. */
  readonly valueGradients?: GPUBuffer;
  /** f32 [levels], written by the backward pass. */
  readonly quanta: GPUBuffer;
  /** Whether weight gradients of several sets of points will be added up. Default false. */
  readonly tiled?: boolean;
}

/** The perceptron from features to colour and density, without biases, and its gradient. */
export class Mlp {
  /** f32 [hidden, inputs + 1, 4]: a unit's weights from the features, then to r, g, b, density. */
  readonly weights: GPUBuffer;
  /** The gradient of `weights`, then for each unit sum |dL/dactivation|. */
  readonly gradient: GPUBuffer;
  /** vec4 blocks of features. */
  readonly inputs: number;
  readonly #gpu: Gpu;
  readonly #options: FieldOptions;
  readonly #arena: Arena;
  readonly #partials: GPUBuffer;

  constructor(gpu: Gpu, options: FieldOptions) {
    this.#gpu = gpu;
    this.#options = options;
    this.inputs = Math.ceil((featuresPerLevel * options.levels) / 4);
    this.#arena = new Arena(gpu, 'field.mlp');
    this.weights = this.#arena.allocate('weights', this.words);
    this.gradient = this.#arena.allocate('gradient', this.words + options.hidden);
    this.#partials = this.#arena.allocate('partials', partialRows * (this.words + options.hidden));
  }

  /** Words of `weights`. */
  get words(): number {
    return this.#options.hidden * (this.inputs + 1) * 4;
  }

  get bytes(): number {
    return this.#arena.bytes;
  }

  /** A start drawn from `seed`: uniform of variance 2 / fan-in (He et al. 2015). */
  initial(seed: number): Float32Array<ArrayBuffer> {
    const { levels, hidden } = this.#options;
    const features = featuresPerLevel * levels;
    const weights = new Float32Array(this.words);
    const wordsPerUnit = 4 * (this.inputs + 1);
    for (let i = 0; i < weights.length; i++) {
      const place = i % wordsPerUnit;
      const output = place >= 4 * this.inputs;
      // The padding of an odd number of levels stays zero: its features are zero.
      if (!output && place >= features) continue;
      const amplitude = Math.sqrt(6 / (output ? hidden : features));
      weights[i] = amplitude * (2 * uniform(seed, streams.fieldInit, 1, i) - 1);
    }
    return weights;
  }

  evaluator(points: Points, buffers: MlpBuffers): MlpEvaluator {
    const { units, points: pointsPerThread } = this.#gpu.adapter.software
      ? perThread.software
      : perThread.hardware;
    const { levels, hidden, blobScale, blobStd, densityActivation } = this.#options;
    const constants = {
      levels,
      inputs: this.inputs,
      hidden,
      rows: partialRows,
      units,
      points: pointsPerThread,
      capacity: points.capacity,
      exponential: densityActivation === 'exp' ? 1 : 0,
      blob_scale: blobScale,
      blob_std: blobStd,
    };
    const variant = (accumulate: number) =>
      new Shader(this.#gpu, 'field.mlp', code, { ...constants, accumulate });
    const shader = variant(0);
    const resources = {
      count: points.count,
      positions: points.positions,
      weights: this.weights,
      features: buffers.features,
      values: buffers.values,
      quanta: buffers.quanta,
      gradient: this.gradient,
      partials: this.#partials,
    };
    const forward = shader.bind('forward', resources);
    if (!buffers.valueGradients) return new MlpEvaluator(points, forward);
    const withGradient = { ...resources, value_gradients: buffers.valueGradients };
    const columns = (this.words + hidden) / 4;
    const reduce = new Shader(this.#gpu, 'optim.reduce', reduceCode, {
      rows: partialRows,
      columns,
    });
    return new MlpEvaluator(points, forward, {
      weights: shader.bind('backward_weights', withGradient),
      moreWeights: buffers.tiled ? variant(1).bind('backward_weights', withGradient) : undefined,
      weightGroups: (partialRows * hidden) / units / pointsPerWorkgroup,
      reduce: reduce.bind('reduce', { partials: this.#partials, sums: this.gradient }),
      reduceGroups: Math.ceil(columns / 64),
      bound: shader.bind('bound', resources),
      features: shader.bind('backward_features', withGradient),
    });
  }

  dispose(): void {
    this.#arena.dispose();
  }
}

interface MlpBackward {
  readonly weights: Dispatch;
  /** Adds to what `weights` wrote. */
  readonly moreWeights: Dispatch | undefined;
  readonly weightGroups: number;
  readonly reduce: Dispatch;
  readonly reduceGroups: number;
  readonly bound: Dispatch;
  readonly features: Dispatch;
}

/** Records the perceptron over one set of points. */
export class MlpEvaluator {
  readonly #points: Points;
  readonly #forward: Dispatch;
  readonly #backward: MlpBackward | undefined;

  constructor(points: Points, forward: Dispatch, backward?: MlpBackward) {
    this.#points = points;
    this.#forward = forward;
    this.#backward = backward;
  }

  forward(pass: GPUComputePassEncoder): void {
    this.#forward.recordIndirect(pass, this.#points.count, indirectOffset);
  }

  /** Overwrites the weights' gradient and the quanta; replaces the features by their gradient. */
  backward(pass: GPUComputePassEncoder): void {
    this.backwardPoints(pass);
    this.reduce(pass);
  }

  /** The half of `backward` that goes over the points: their features' gradient, and partial sums. */
  backwardPoints(pass: GPUComputePassEncoder): void {
    this.accumulate(pass, true);
    this.backwardFeatures(pass);
  }

  /**
   * Partial sums of the weights' gradient over these points, added to those of sets before.
   * @throws Error for a second set unless the evaluator was made for several.
   */
  accumulate(pass: GPUComputePassEncoder, first: boolean): void {
    const { weights, moreWeights, weightGroups } = this.#gradients;
    const dispatch = first ? weights : moreWeights;
    if (!dispatch) throw new Error('This evaluator of the field was made for one set of points.');
    dispatch.record(pass, weightGroups);
  }

  /** Replaces the features by their gradient. */
  backwardFeatures(pass: GPUComputePassEncoder): void {
    const { features } = this.#gradients;
    features.recordIndirect(pass, this.#points.count, indirectOffset);
  }

  /** The other half: partial sums to the weights' gradient, and the quanta. */
  reduce(pass: GPUComputePassEncoder): void {
    const { reduce, reduceGroups, bound } = this.#gradients;
    reduce.record(pass, reduceGroups);
    bound.record(pass, 1);
  }

  get #gradients(): MlpBackward {
    if (this.#backward) return this.#backward;
    throw new Error('This evaluator of the field was made without gradients.');
  }
}
