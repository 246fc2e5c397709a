/** One training step as one graph: loss, gradient and the optimiser's update. */
import type { Value } from './build/builder';
import { Expressions } from './build/expressions';
import { backpropagate } from './gradient/differentiate';
import { elementCount, OnnxError, type StaticGraph } from './graph/graph';
import { recompute } from './memory/recompute';

/** Emits a loss, a value of one element, from the model's values; it may declare inputs of its own. */
export type Loss = (g: Expressions) => Value;

/**
 * Emits an update of `parameters` by the loss's `gradient`, of the same shape; what it returns become outputs of the
 * graph, by name.
 */
export type Optimiser = (
  g: Expressions,
  parameters: Value,
  gradient: Value,
) => Readonly<Record<string, Value>>;

/**
 * Mean squared error, mean over all elements of weight (prediction - target)^2; in float32 where the prediction is of
 * half floats.
 * @param options.target name of the new input with the prediction's shape.
 * @param options.weight name of a new input [N] that weighs the entries of the batch (axis 0); none unless given.
 */
export function mse(options: {
  readonly prediction: string;
  readonly target: string;
  readonly weight?: string;
}): Loss {
  return (g) => {
    const prediction = g.widened(options.prediction);
    const { shape, dataType } = g.type(prediction);
    const axes = shape.map((_, axis) => axis);
    const error = g.sub(prediction, g.input(options.target, shape, dataType));
    let squares = g.square(error);
    if (options.weight !== undefined) {
      const weight = g.input(options.weight, [shape[0]!], dataType);
      squares = g.mul(squares, g.reshape(weight, [shape[0]!, ...axes.slice(1).map(() => 1)]));
    }
    return g.reshape(g.mean(squares, axes), []);
  };
}

export interface AdamWOptions {
  /** Decay of the first and second moment; 0.9 and 0.999 unless given. */
  readonly betas?: readonly [number, number];
  /** Added to the root of the second moment; 1e-8 unless given. */
  readonly epsilon?: number;
  /** Decoupled weight decay, multiplied by the learning rate; 0 unless given. */
  readonly weightDecay?: number;
}

/**
 * AdamW (Loshchilov and Hutter, arXiv:1711.05101, algorithm 2).
 * New inputs, whose names the model must leave free: `m` and `v`, the moments, of the parameters' shape, zero before the
 * first step; `learning_rate` and `step`, scalars, `step` counting from 1. Outputs, by name: `next/parameters`, `next/m`
 * and `next/v`.
 */
export function adamW(options: AdamWOptions = {}): Optimiser {
  const { betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0 } = options;
  return (g, parameters, gradient) => {
    const { shape, dataType } = g.type(parameters);
    const rate = g.input('learning_rate', [], dataType);
    const step = g.input('step', [], dataType);
    const moment = (name: string, beta: number, term: Value) =>
      g.add(g.scale(g.input(name, shape, dataType), beta), g.scale(term, 1 - beta));
    // 1 - beta^step, by which a moment that started at zero falls short
    const shortfall = (beta: number) => g.complement(g.exp(g.scale(step, Math.log(beta))));
    const m = moment('m', betas[0], gradient);
    const v = moment('v', betas[1], g.square(gradient));
    const deviation = g.shift(g.sqrt(g.div(v, shortfall(betas[1]))), epsilon);
    const change = g.mul(g.div(rate, shortfall(betas[0])), g.div(m, deviation));
    const decayed =
      weightDecay === 0 ? parameters : g.mul(parameters, g.complement(g.scale(rate, weightDecay)));
    return { 'next/parameters': g.sub(decayed, change), 'next/m': m, 'next/v': v };
  };
}

export interface TrainingOptions {
  readonly loss: Loss;
  /** Name of the input that is trained; `lora` unless given. */
  readonly parameters?: string;
  /** Without one the graph yields the gradient instead, as output `gradient`. */
  readonly optimiser?: Optimiser;
  /** Largest Euclidean norm of the gradient: a longer one is shortened to it. Unlimited unless given. */
  readonly clipNorm?: number;
  /**
   * Factor on the loss while it is differentiated, taken out of the gradient at its end (Micikevicius et al.,
   * arXiv:1710.03740, section 3.2): the gradients of a mean over many elements are too small for float16. Unless given,
   * 1, and in a graph with values of float16 the power of two next to the number of elements of its outputs.
   */
  readonly lossScale?: number;
  /** Most bytes of values at once beside the weights, as for `differentiate`. Unlimited unless given. */
  readonly memory?: number;
}

/** See `TrainingOptions.lossScale`. */
function defaultScale(graph: StaticGraph): number {
  if (![...graph.types.values()].some(({ dataType }) => dataType === 'float16')) return 1;
  const elements = graph.outputs.map(({ name }) => elementCount(graph.types.get(name)!.shape));
  return 2 ** Math.round(Math.log2(Math.max(1, ...elements)));
}

/**
 * Turns a model into its training step. The result's inputs are the model's, the loss's and the optimiser's; its
 * outputs are `loss` [], `gradient_norm` [] (before clipping), and the optimiser's or `gradient`. The model's own
 * outputs are dropped.
 *
 * @throws {OnnxError} as `differentiate` does.
 */
export function trainingGraph(graph: StaticGraph, options: TrainingOptions): StaticGraph {
  const { parameters = 'lora', clipNorm } = options;
  if (!graph.inputs.some((input) => input.name === parameters)) {
    const names = graph.inputs.map((input) => input.name).join(', ');
    throw new OnnxError(`the graph has no input "${parameters}" to train; there are: ${names}`);
  }
  const g = new Expressions(graph);
  g.clearOutputs();
  const loss = options.loss(g);
  const factor = options.lossScale ?? defaultScale(graph);
  const seed = g.constant([factor], g.shape(loss), g.dataType(loss));
  const forward = new Set(g.nodes);
  const scaled = backpropagate(g, new Map([[loss, seed]]), [parameters]).get(parameters)!;
  const gradient = g.scale(scaled, 1 / factor);
  const axes = g.shape(gradient).map((_, axis) => axis);
  const norm = g.sqrt(g.sum(g.square(gradient), axes, false));
  g.output(loss, 'loss');
  g.output(norm, 'gradient_norm');

  let clipped = gradient;
  if (clipNorm !== undefined) {
    // The small term keeps a zero gradient zero.
    const shrink = g.div(g.scalar(clipNorm, norm), g.shift(norm, 1e-6));
    clipped = g.mul(gradient, g.op('Min', [shrink, g.scalar(1, norm)]));
  }
  const results = options.optimiser?.(g, parameters, clipped) ?? { gradient: clipped };
  for (const [name, value] of Object.entries(results)) g.output(value, name);
  const step = g.build();
  return options.memory === undefined ? step : recompute(step, forward, options.memory);
}
