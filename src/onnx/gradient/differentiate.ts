/** Reverse-mode differentiation of a graph: the gradient is emitted as further ordinary nodes. */

import type { Value } from '../build/builder';
import { Expressions } from '../build/expressions';
import {
  describeNode,
  entryOf,
  type Node,
  naming,
  OnnxError,
  type StaticGraph,
} from '../graph/graph';
import { isFloat } from '../graph/tensor';
import { recompute } from '../memory/recompute';
import { accumulate } from './accumulate';
import { gradientRules } from './rules';
import { type Gradient, GradientSite } from './rules/rule';

export interface DifferentiateOptions {
  /**
   * What is differentiated: the name of a value of one element (a loss), or, per output, the name of the new input
   * that takes the gradient by that output (which makes the result a vector-Jacobian product).
   */
  readonly of: string | Readonly<Record<string, string>>;
  /** Inputs, initialisers or intermediate values to differentiate by. */
  readonly withRespectTo: readonly string[];
  /** Whether the outputs of the graph stay outputs beside the gradients; they do unless told otherwise. */
  readonly keepOutputs?: boolean;
  /**
   * Most bytes that values may take at once beside the weights (`peakMemory`): the gradient then computes parts of the
   * forward pass again instead of keeping their values. Unlimited unless given.
   */
  readonly memory?: number;
}

export interface Differentiated {
  readonly graph: StaticGraph;
  /** Per name in `withRespectTo` the output that holds its gradient, of the same shape: `gradient/<name>` if that is free. */
  readonly gradients: Readonly<Record<string, string>>;
}

/**
 * Extends a graph by its gradient. Only nodes that lie between `of` and `withRespectTo` are differentiated; forward
 * values are shared. The emitted operators are such that onnxruntime runs them on its CPU, wasm and WebGPU providers.
 *
 * @throws {OnnxError} naming the node whose operator has no gradient rule, or the name that does not exist or that
 *   `of` does not depend on; or saying how many bytes are needed at least, if `memory` is less.
 */
export function differentiate(graph: StaticGraph, options: DifferentiateOptions): Differentiated {
  const g = new Expressions(graph);
  const seeds = new Map<Value, Value>();
  if (typeof options.of === 'string') {
    seeds.set(options.of, one(g, options.of));
  } else {
    for (const [output, seed] of Object.entries(options.of)) {
      seeds.set(output, g.input(seed, g.shape(output), g.dataType(output)));
    }
  }
  const forward = new Set(g.nodes);
  const values = backpropagate(g, seeds, options.withRespectTo);
  if (options.keepOutputs === false) g.clearOutputs();
  const gradients = [...values].map(([name, value]) => {
    const wanted = `gradient/${name}`;
    return [name, g.output(value, g.has(wanted) ? g.fresh(wanted) : wanted)] as const;
  });
  const whole = g.build();
  const { memory } = options;
  return {
    graph: memory === undefined ? whole : recompute(whole, forward, memory),
    gradients: Object.fromEntries(gradients),
  };
}

/** The gradient of a loss by itself. */
function one(g: Expressions, loss: Value): Value {
  const { shape, dataType } = g.type(loss);
  if (shape.some((length) => length !== 1)) {
    throw new OnnxError(
      `"${loss}" has shape [${shape}], and a loss has one element: name the input of its gradient instead`,
    );
  }
  return g.constant([1], shape, dataType);
}

/**
 * Emits the gradient of sum over outputs of <seed, output>.
 * @param seeds per output the value of the gradient by it, of the same shape.
 * @returns per name in `withRespectTo` the value of the gradient by it.
 */
export function backpropagate(
  g: Expressions,
  seeds: ReadonlyMap<Value, Value>,
  withRespectTo: readonly Value[],
): Map<Value, Value> {
  for (const value of withRespectTo) {
    if (!isFloat(g.type(value).dataType)) {
      throw new OnnxError(`"${value}" is ${g.dataType(value)}: only floats have a gradient`);
    }
  }
  const forward = [...g.nodes];
  const active = dependants(g, forward, withRespectTo);
  const contributions = new Map<Value, Gradient[]>();
  const contribute = (value: Value, gradient: Gradient) => {
    const list = contributions.get(value);
    if (list) list.push(gradient);
    else contributions.set(value, [gradient]);
  };
  const summed = new Map<Value, Value>();
  const gradientBy = (value: Value): Value | undefined => {
    const list = contributions.get(value);
    if (!list) return undefined;
    const known = summed.get(value) ?? accumulate(g, list, g.shape(value));
    summed.set(value, known);
    return known;
  };

  for (const [output, seed] of seeds) contribute(output, seed);
  for (const node of forward.toReversed()) {
    if (!node.outputs.some((o) => active.has(o) && contributions.has(o))) continue;
    if (!node.inputs.some((input) => active.has(input))) continue;
    const dys = node.outputs.map((output) => gradientBy(output));
    differentiateNode(new GradientSite(node, g, dys), active, contribute);
  }
  return new Map(
    withRespectTo.map((name) => {
      const gradient = gradientBy(name);
      if (gradient) return [name, gradient];
      throw new OnnxError(
        `the gradient by "${name}" is zero: ${[...seeds.keys()]} does not depend on it`,
      );
    }),
  );
}

/** All values through which a change of the sources can be felt. */
function dependants(g: Expressions, nodes: readonly Node[], sources: readonly Value[]): Set<Value> {
  const active = new Set(sources);
  for (const node of nodes) {
    if (!node.inputs.some((input) => active.has(input))) continue;
    for (const output of node.outputs) {
      if (output !== '' && isFloat(g.dataType(output))) active.add(output);
    }
  }
  return active;
}

function differentiateNode(
  site: GradientSite,
  active: ReadonlySet<Value>,
  contribute: (value: Value, gradient: Gradient) => void,
): void {
  const { node } = site;
  const rule = node.domain === '' ? entryOf(gradientRules, node.op) : undefined;
  if (!rule) {
    throw new OnnxError(`${describeNode(node)}: this operator has no gradient rule`);
  }
  try {
    const gradients = rule(site);
    node.inputs.forEach((input, i) => {
      if (!active.has(input)) return;
      const gradient = gradients[i];
      if (gradient === undefined) {
        site.fail(`is not differentiable by input ${i} ("${input}")`);
      }
      if (gradient !== null) contribute(input, gradient());
    });
  } catch (error) {
    throw naming(node, error);
  }
}
