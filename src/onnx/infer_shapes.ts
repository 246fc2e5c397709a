/** Static shapes of a whole graph. */

import { Expressions } from './build/expressions';
import { decompositionOf } from './decompose';
import {
  type Attribute,
  describeNode,
  entryOf,
  type Graph,
  graphAttribute,
  type Node,
  naming,
  OnnxError,
  type StaticGraph,
  type Subgraph,
  type TensorType,
  type ValueInfo,
} from './graph/graph';

/**
 * Lengths of a graph's named dimensions, e.g. `{ N: 2 }`; and, for an input whose shape the file leaves open, its whole
 * shape by the input's name, e.g. `{ image: [1, 3, 224, 224] }`.
 */
export type Bindings = Readonly<Record<string, number | readonly number[]>>;

/**
 * Binds the dimensions of a graph's inputs and infers type and shape of every value. Constant expressions, chiefly
 * arithmetic on shapes, become initialisers; branches whose condition is constant are put in the place of their If;
 * nodes that no output needs are dropped.
 *
 * @throws {OnnxError} naming the input whose dimension is unbound, or the node that is not supported.
 */
export function inferShapes(graph: Graph, bindings: Bindings = {}): StaticGraph {
  const { name, irVersion, opsets } = graph;
  const empty = { inputs: [], outputs: [], nodes: [], initializers: new Map(), types: new Map() };
  const builder = new Expressions({ name, irVersion, opsets, ...empty });
  for (const input of graph.inputs) {
    builder.input(input.name, bind(input, bindings), input.dataType);
  }
  for (const [key, tensor] of graph.initializers) builder.initializer(key, tensor);
  for (const node of graph.nodes) add(builder, node);
  for (const output of graph.outputs) builder.output(output.name);
  return builder.build();
}

/** Adds a node, or what stands for it. */
function add(builder: Expressions, node: Node): void {
  if (node.op === 'If' && node.domain === '') {
    inlineBranch(builder, node);
    return;
  }
  const decompose = decompositionOf(node);
  try {
    // Its rule of inference, where there is one, says whether the node is valid at all.
    if (decompose && builder.supports(node)) builder.typesOf(node);
    if (!decompose?.(builder, node)) builder.append(node);
  } catch (error) {
    throw naming(node, error);
  }
}

/** The branch of an If whose condition is known, its values renamed where the graph has their names. */
function inlineBranch(builder: Expressions, node: Node): void {
  const condition = builder.constantOf(node.inputs[0] ?? '')?.values[0];
  if (condition === undefined) {
    throw new OnnxError(
      `${describeNode(node)}: its condition is not known before the model runs: export the model without control flow`,
    );
  }
  const branch = graphAttribute(node, condition ? 'then_branch' : 'else_branch');
  if (branch.outputs.length !== node.outputs.length) {
    throw new OnnxError(`${describeNode(node)}: a branch has ${branch.outputs.length} outputs`);
  }
  const results = put(builder, branch, new Map(), new Set(node.outputs));
  results.forEach((value, i) => {
    const output = node.outputs[i]!;
    if (output !== '') builder.op('Identity', [value], {}, output);
  });
}

/**
 * Puts a graph into one that is being built, its values renamed where their names are taken. Put there twice, it shares
 * its weights. An input that is not given becomes one of the whole.
 * @param inputs what the graph's inputs are there, by their names.
 * @returns what its outputs are there, by their names.
 * @throws {OnnxError} if what is given for an input does not fit what the graph states of it, and as `inferShapes`.
 */
export function inline(
  builder: Expressions,
  graph: Graph,
  inputs: Readonly<Record<string, string>>,
): Record<string, string> {
  const lengths: Record<string, number> = {};
  const renamed = new Map<string, string>();
  for (const input of graph.inputs) {
    const given = entryOf(inputs, input.name);
    const value = given ?? builder.input(input.name, bind(input, {}), input.dataType);
    checkFit(input, builder.type(value), lengths);
    renamed.set(input.name, value);
  }
  const results = put(builder, graph, renamed, new Set());
  return Object.fromEntries(graph.outputs.map(({ name }, i) => [name, results[i]!]));
}

/** @throws {OnnxError} if a value is not what an input states; `lengths` collects those of named dimensions. */
function checkFit(input: ValueInfo, type: TensorType, lengths: Record<string, number>): void {
  const { dataType, shape } = type;
  const stated = input.shape ?? shape;
  const fits = stated.every((d, axis) => {
    const length = shape[axis]!;
    if (typeof d === 'number') return d === length;
    if (d === '') return true;
    lengths[d] ??= length;
    return lengths[d] === length;
  });
  if (dataType === input.dataType && stated.length === shape.length && fits) return;
  throw new OnnxError(
    `input "${input.name}" is ${input.dataType} [${stated}], which ${dataType} [${shape}] does not fit`,
  );
}

/**
 * Adds a body's weights and nodes.
 * @param renamed what some of its values are called already.
 * @param reserved names that its values may not get.
 * @returns what its outputs are called.
 */
function put(
  builder: Expressions,
  body: Subgraph,
  renamed: Map<string, string>,
  reserved: ReadonlySet<string>,
): string[] {
  const define = (value: string) => {
    if (value === '') return '';
    const taken = builder.has(value) || reserved.has(value);
    const name = taken ? builder.fresh(value) : value;
    renamed.set(value, name);
    return name;
  };
  const use = (value: string) => renamed.get(value) ?? value;
  for (const [name, tensor] of body.initializers) {
    if (builder.initializerOf(name) === tensor) renamed.set(name, name);
    else builder.initializer(define(name), tensor);
  }
  for (const inner of body.nodes) {
    const used = withReads(inner, use);
    add(builder, { ...used, outputs: inner.outputs.map(define) });
  }
  return body.outputs.map(({ name }) => use(name));
}

/** A node that reads other values; so do the bodies of its branches. */
function withReads(node: Node, use: (value: string) => string): Node {
  const attributes = Object.entries(node.attributes).map(([name, a]): [string, Attribute] => {
    if (a.type !== 'graph') return [name, a];
    const nodes = a.value.nodes.map((inner) => withReads(inner, use));
    const outputs = a.value.outputs.map((output) => ({ ...output, name: use(output.name) }));
    return [name, { type: 'graph', value: { ...a.value, nodes, outputs } }];
  });
  return { ...node, inputs: node.inputs.map(use), attributes: Object.fromEntries(attributes) };
}

function bind(input: ValueInfo, bindings: Bindings): readonly number[] {
  const owner = `input "${input.name}"`;
  const whole = entryOf(bindings, input.name);
  if (Array.isArray(whole)) {
    const shape = whole as readonly number[];
    const stated = input.shape ?? shape;
    const fits = stated.every((d, axis) => typeof d === 'string' || d === shape[axis]);
    if (stated.length !== shape.length || !fits) {
      throw new OnnxError(`${owner} has shape [${stated}], which [${shape}] does not fit`);
    }
    return shape;
  }
  if (!input.shape) {
    throw new OnnxError(`${owner} states no shape: pass { ${input.name}: [its lengths] }`);
  }
  return input.shape.map((d, axis) => {
    const length = typeof d === 'number' ? d : entryOf(bindings, d);
    if (typeof length === 'number' && Number.isSafeInteger(length) && length >= 0) return length;
    if (length !== undefined) {
      throw new OnnxError(`dimension "${d}" of ${owner} cannot have the length ${length}`);
    }
    throw new OnnxError(
      d === ''
        ? `dimension ${axis} of ${owner} has no name and no length: pass { ${input.name}: [its lengths] }`
        : `dimension "${d}" (axis ${axis}) of ${owner} is unbound: pass { ${d}: length }`,
    );
  });
}
