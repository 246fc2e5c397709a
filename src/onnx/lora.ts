/** Low-rank adapters (Hu et al., "LoRA", arXiv:2106.09685, equation 3): y = W x + scale B A x. */
import { normal, streams } from '../random';
import {
  elementCount,
  type Graph,
  intAttribute,
  intsAttribute,
  type Node,
  OnnxError,
  type Tensor,
} from './graph';
import { makeTensor } from './tensor';

export interface LoraOptions {
  /**
   * Which MatMul, Gemm and 1x1 Conv nodes to adapt: patterns of the node's name, of its weight's, or of the latter
   * without `.weight`. In a string, `*` stands for any characters; a regular expression may match anywhere.
   */
  readonly targets: readonly (string | RegExp)[];
  readonly rank: number;
  /** Factor on the adapters (alpha / rank in the paper); 1 unless given. */
  readonly scale?: number;
  /** Name of the new graph input that holds all adapter weights; `lora` unless given. */
  readonly input?: string;
}

/** Where a factor of one adapter lies in the flat vector, row-major. */
export interface LoraEntry {
  /** Name of the adapted weight without `.weight`, and `.A` or `.B`. */
  readonly name: string;
  readonly offset: number;
  /** A: [in, rank] (Conv: [rank, in, 1, 1]); B: [rank, out] (Conv: [out, rank, 1, 1]). */
  readonly shape: readonly number[];
}

export interface Lora {
  /** The model with one more input: the flat vector, float32 [size]. */
  readonly graph: Graph;
  readonly layout: readonly LoraEntry[];
  /** Length of the flat vector. */
  readonly size: number;
  /**
   * Weights to start from: A normal with variance 1 / in, B zero, so that the model is unchanged. The same seed
   * gives the same vector on every machine.
   */
  readonly initialise: (seed: number) => Float32Array<ArrayBuffer>;
}

/** A node whose weight can be adapted. */
interface Target {
  readonly node: Node;
  readonly weight: string;
  /** What the adapter is called: the weight's name without `.weight`. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
}

/**
 * Adds an adapter beside each target. All their weights come from one flat input, so that a checkpoint and an
 * optimiser handle a single vector; every A lies before every B.
 *
 * @throws {OnnxError} if a pattern matches nothing, listing what could be adapted.
 */
export function injectLora(graph: Graph, options: LoraOptions): Lora {
  const { rank, scale = 1, input = 'lora' } = options;
  if (!Number.isInteger(rank) || rank < 1) throw new OnnxError(`LoRA rank ${rank}: use 1 or more`);
  if (graph.inputs.some((i) => i.name === input)) {
    throw new OnnxError(`the graph already has an input "${input}": name the LoRA input otherwise`);
  }
  const targets = selectTargets(graph, options.targets);
  const layout = layoutOf(targets, rank);
  const size = layout.reduce((sum, entry) => sum + elementCount(entry.shape), 0);

  const initializers = new Map(graph.initializers);
  const added = new Map<Node, Node[]>();
  const renamed = new Map<Node, Node>();
  const scaled = scale === 1 ? input : `${input}/scaled`;
  const first: Node[] = [];
  if (scale !== 1) {
    initializers.set(`${input}/scale`, makeTensor([scale], [], 'float32'));
    first.push(plain('Mul', scaled, [input, `${input}/scale`]));
  }
  const consumers = consumersOf(graph);
  const producers = producersOf(graph);
  targets.forEach((target, i) => {
    const [a, b] = [layout[i]!, layout[i + targets.length]!];
    const nodes = [
      ...factor(initializers, input, a, input),
      ...factor(initializers, scaled, b, input),
      ...adapter(target, `${input}/${a.name}`, `${input}/${b.name}`, `${input}/${target.name}`),
    ];
    // Behind the bias, where a runtime that fuses product and bias still finds them together.
    const end = biasAddition(graph, target.node, consumers, producers) ?? target.node;
    const [output] = end.outputs as [string];
    const base = `${input}/${target.name}/base`;
    renamed.set(end, { ...end, outputs: [base] });
    const sum = plain('Add', output, [base, nodes.at(-1)!.outputs[0]!]);
    nodes.push({ ...sum, name: `${input}/${target.name}/sum` });
    added.set(end, nodes);
  });
  const nodes = graph.nodes.flatMap((n) => [renamed.get(n) ?? n, ...(added.get(n) ?? [])]);
  return {
    graph: {
      ...graph,
      inputs: [...graph.inputs, { name: input, dataType: 'float32', shape: [size] }],
      nodes: [...first, ...nodes],
      initializers,
    },
    layout,
    size,
    initialise: (seed) => initialise(layout, targets, size, seed),
  };
}

function plain(op: string, output: string, inputs: readonly string[], attributes = {}): Node {
  return { name: output, op, domain: '', inputs, outputs: [output], attributes };
}

/** A, the first half of the layout, is drawn; B stays zero. */
function initialise(
  layout: readonly LoraEntry[],
  targets: readonly Target[],
  size: number,
  seed: number,
): Float32Array<ArrayBuffer> {
  const vector = new Float32Array(size);
  targets.forEach((target, i) => {
    const { offset, shape } = layout[i]!;
    const deviation = 1 / Math.sqrt(target.inputs);
    const end = offset + elementCount(shape);
    for (let k = offset; k < end; k++) vector[k] = deviation * normal(seed, streams.loraInit, 0, k);
  });
  return vector;
}

function layoutOf(targets: readonly Target[], rank: number): LoraEntry[] {
  let offset = 0;
  const place = (name: string, shape: number[]): LoraEntry => {
    const entry = { name, offset, shape };
    offset += elementCount(shape);
    return entry;
  };
  return [
    ...targets.map(({ node, name, inputs }) =>
      place(`${name}.A`, node.op === 'Conv' ? [rank, inputs, 1, 1] : [inputs, rank]),
    ),
    ...targets.map(({ node, name, outputs }) =>
      place(`${name}.B`, node.op === 'Conv' ? [outputs, rank, 1, 1] : [rank, outputs]),
    ),
  ];
}

/** Nodes that cut one factor out of the flat vector. */
function factor(
  initializers: Map<string, Tensor>,
  vector: string,
  entry: LoraEntry,
  prefix: string,
): Node[] {
  const name = `${prefix}/${entry.name}`;
  const end = entry.offset + elementCount(entry.shape);
  initializers.set(`${name}/start`, makeTensor([entry.offset], [1], 'int64'));
  initializers.set(`${name}/end`, makeTensor([end], [1], 'int64'));
  initializers.set(`${name}/shape`, makeTensor(entry.shape, [entry.shape.length], 'int64'));
  return [
    plain('Slice', `${name}/flat`, [vector, `${name}/start`, `${name}/end`]),
    plain('Reshape', name, [`${name}/flat`, `${name}/shape`]),
  ];
}

/** Nodes that compute the adapter's output from the input of the target. */
function adapter({ node }: Target, a: string, b: string, prefix: string): Node[] {
  const [x] = node.inputs as [string];
  const [down, up] = [`${prefix}/down`, `${prefix}/up`];
  if (node.op === 'Conv') {
    const { strides, pads } = node.attributes;
    const window = { ...(strides && { strides }), ...(pads && { pads }) };
    return [plain('Conv', down, [x, a], window), plain('Conv', up, [down, b])];
  }
  const transposed = node.op === 'Gemm' && intAttribute(node, 'transA', 0) === 1;
  const row = transposed ? `${prefix}/x` : x;
  return [
    ...(transposed ? [plain('Transpose', row, [x])] : []),
    plain('MatMul', down, [row, a]),
    plain('MatMul', up, [down, b]),
  ];
}

function producersOf(graph: Graph): Map<string, Node> {
  return new Map(graph.nodes.flatMap((n) => n.outputs.map((o) => [o, n] as const)));
}

function consumersOf(graph: Graph): Map<string, Node[]> {
  const consumers = new Map<string, Node[]>();
  for (const node of graph.nodes) {
    for (const input of node.inputs) {
      consumers.set(input, [...(consumers.get(input) ?? []), node]);
    }
  }
  return consumers;
}

/** The node that adds a bias, a constant vector, to a product that nothing else reads. */
function biasAddition(
  graph: Graph,
  node: Node,
  consumers: ReadonlyMap<string, readonly Node[]>,
  producers: ReadonlyMap<string, Node>,
): Node | undefined {
  const [output] = node.outputs as [string];
  const [next, ...others] = consumers.get(output) ?? [];
  const isOutput = graph.outputs.some((o) => o.name === output);
  if (node.op !== 'MatMul' || next?.op !== 'Add' || others.length > 0 || isOutput) return undefined;
  const bias = next.inputs.find((i) => i !== output);
  const isVector = bias !== undefined && weightOf(graph, bias, producers)?.shape.length === 1;
  return isVector ? next : undefined;
}

function selectTargets(graph: Graph, patterns: readonly (string | RegExp)[]): Target[] {
  const producers = producersOf(graph);
  const candidates = graph.nodes.flatMap((node) => targetOf(graph, node, producers) ?? []);
  const expressions = patterns.map(toExpression);
  const matches = (t: Target, e: RegExp) =>
    e.test(t.node.name) || e.test(t.weight) || e.test(t.name);
  expressions.forEach((expression, i) => {
    if (candidates.some((t) => matches(t, expression))) return;
    const names = candidates.map((t) => t.name).join(', ');
    throw new OnnxError(
      `LoRA target ${patterns[i]} matches no MatMul, Gemm or 1x1 Conv with a constant weight; there are: ${names}`,
    );
  });
  const chosen = candidates.filter((t) => expressions.some((e) => matches(t, e)));
  // A weight that several nodes share gets one adapter per node, told apart by the node's name.
  return chosen.map((target) =>
    chosen.filter((t) => t.weight === target.weight).length === 1
      ? target
      : { ...target, name: `${target.name}@${target.node.name}` },
  );
}

function toExpression(pattern: string | RegExp): RegExp {
  // Without g and y: those make `test` remember where it stopped.
  if (pattern instanceof RegExp) return new RegExp(pattern, pattern.flags.replace(/[gy]/g, ''));
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${escaped}$`);
}

function targetOf(
  graph: Graph,
  node: Node,
  producers: ReadonlyMap<string, Node>,
): Target | undefined {
  if (!['MatMul', 'Gemm', 'Conv'].includes(node.op)) return undefined;
  const found = weightOf(graph, node.inputs[1]!, producers);
  if (!found) return undefined;
  const { name: weight, shape } = found;
  // Exporters append .T to a weight that they store transposed.
  const name = weight.replace(/\.weight(\.T)?$/, '');
  if (node.op === 'Conv') {
    const pointwise = shape.slice(2).every((length) => length === 1) && shape.length === 4;
    if (!pointwise || intAttribute(node, 'group', 1) !== 1) return undefined;
    return { node, weight, name, inputs: shape[1]!, outputs: shape[0]! };
  }
  if (shape.length !== 2) return undefined;
  const flipped = node.op === 'Gemm' && intAttribute(node, 'transB', 0) === 1;
  const [inputs, outputs] = flipped ? [shape[1]!, shape[0]!] : [shape[0]!, shape[1]!];
  return { node, weight, name, inputs, outputs };
}

/** The initialiser behind a weight, and the weight's shape where it is used. */
function weightOf(
  graph: Graph,
  value: string,
  producers: ReadonlyMap<string, Node>,
): { name: string; shape: readonly number[] } | undefined {
  const tensor = graph.initializers.get(value);
  if (tensor) return { name: value, shape: tensor.shape };
  const node = producers.get(value);
  if (!node || !['Cast', 'Transpose', 'Identity', 'DequantizeLinear'].includes(node.op)) {
    return undefined;
  }
  const source = weightOf(graph, node.inputs[0]!, producers);
  if (!source || node.op !== 'Transpose') return source;
  const perm = intsAttribute(node, 'perm') ?? source.shape.map((_, i) => i).reverse();
  return { name: source.name, shape: perm.map((axis) => source.shape[axis]!) };
}
