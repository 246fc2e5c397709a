/** Low-rank adapters (Hu et al., "LoRA", arXiv:2106.09685, equation 3): y = W x + scale B A x. */
import {
  type DataType,
  elementCount,
  type Graph,
  intAttribute,
  type Node,
  OnnxError,
  type Tensor,
} from './graph/graph';
import { codeOfDataType, makeTensor } from './graph/tensor';
import { additionsBehind, selectTargets, type Target } from './lora_targets';

export interface LoraOptions {
  /**
   * Which MatMul, Gemm and 1x1 Conv nodes to adapt: patterns of the node's name, of its weight's, of the latter without
   * `.weight`, of the module's that PyTorch's exporter noted, or of the role in an attention (`attention*.q`). In a
   * string, `*` stands for any characters; a regular expression may match anywhere.
   */
  readonly targets: readonly (string | RegExp)[];
  /** Columns of A and rows of B, at least 1. */
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
   * Weights to start from, float32 [size]: A normal with variance 1 / in, B zero, so that the model is unchanged.
   * @param normal an independent draw of the standard normal distribution for each position k of the vector. It is
   *   asked once for every element of every A, in the order of the vector; the same draws give the same weights.
   */
  readonly initialise: (normal: (k: number) => number) => Float32Array<ArrayBuffer>;
}

/**
 * Adds an adapter beside each target (Hu et al., "LoRA", arXiv:2106.09685). All their weights come from one flat input,
 * so that a checkpoint and an optimiser handle a single vector; every A lies before every B.
 *
 * @throws {OnnxError} if a pattern matches nothing, listing what could be adapted, if the rank is below 1, or if the
 *   input's name is taken.
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
  const scaled = scale === 1 ? input : `${input}/scaled`;
  const first: Node[] = [];
  if (scale !== 1) {
    initializers.set(`${input}/scale`, makeTensor([scale], [], 'float32'));
    first.push(plain('Mul', scaled, [input, `${input}/scale`]));
  }
  const ends = additionsBehind(graph, targets);
  const added = new Map<Node, Adapter[]>();
  targets.forEach((target, i) => {
    const [a, b] = [layout[i]!, layout[i + targets.length]!];
    const prefix = `${input}/${target.name}`;
    const nodes = [
      ...factor(initializers, input, a, input),
      ...factor(initializers, scaled, b, input),
      ...adapter(target, `${input}/${a.name}`, `${input}/${b.name}`, prefix),
    ];
    const end = ends[i]!;
    added.set(end, [...(added.get(end) ?? []), { prefix, nodes }]);
  });
  const nodes = graph.nodes.flatMap((node) => withAdapters(node, added.get(node) ?? []));
  return {
    graph: {
      ...graph,
      inputs: [...graph.inputs, { name: input, dataType: 'float32', shape: [size] }],
      nodes: [...first, ...nodes],
      initializers,
    },
    layout,
    size,
    initialise: (normal) => initialise(layout, targets, size, normal),
  };
}

/** Nodes whose last one yields what is to be added. */
interface Adapter {
  readonly prefix: string;
  readonly nodes: readonly Node[];
}

/** A node followed by its adapters; the last sum takes over the name of the node's output. */
function withAdapters(node: Node, adapters: readonly Adapter[]): Node[] {
  if (adapters.length === 0) return [node];
  const [output] = node.outputs as [string];
  let sum = `${adapters[0]!.prefix}/base`;
  const result: Node[] = [{ ...node, outputs: [sum] }];
  adapters.forEach(({ prefix, nodes }, i) => {
    const next = i === adapters.length - 1 ? output : `${prefix}/sum`;
    const addition = plain('Add', next, [sum, nodes.at(-1)!.outputs[0]!]);
    result.push(...nodes, { ...addition, name: `${prefix}/sum` });
    sum = next;
  });
  return result;
}

function plain(op: string, output: string, inputs: readonly string[], attributes = {}): Node {
  return { name: output, op, domain: '', inputs, outputs: [output], attributes };
}

/** A, the first half of the layout, is drawn; B stays zero. */
function initialise(
  layout: readonly LoraEntry[],
  targets: readonly Target[],
  size: number,
  normal: (k: number) => number,
): Float32Array<ArrayBuffer> {
  const vector = new Float32Array(size);
  targets.forEach((target, i) => {
    const { offset, shape } = layout[i]!;
    const deviation = 1 / Math.sqrt(target.inputs);
    const end = offset + elementCount(shape);
    for (let k = offset; k < end; k++) vector[k] = deviation * normal(k);
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

/**
 * Nodes that compute the adapter's output from the input of the target. They compute in float32, as the vector is: of a
 * model of half floats x is cast before and the result behind.
 */
function adapter({ node, dataType }: Target, a: string, b: string, prefix: string): Node[] {
  const [x] = node.inputs as [string];
  const [down, up] = [`${prefix}/down`, `${prefix}/up`];
  const wide = dataType === 'float32' ? x : `${prefix}/wide`;
  const cast = (to: DataType, output: string, input: string) =>
    dataType === 'float32'
      ? []
      : [plain('Cast', output, [input], { to: { type: 'int', value: codeOfDataType(to) } })];
  const ends = (nodes: Node[]) => [
    ...cast('float32', wide, x),
    ...nodes,
    ...cast(dataType, `${prefix}/narrow`, up),
  ];
  if (node.op === 'Conv') {
    const { strides, pads } = node.attributes;
    const window = { ...(strides && { strides }), ...(pads && { pads }) };
    return ends([plain('Conv', down, [wide, a], window), plain('Conv', up, [down, b])]);
  }
  const transposed = node.op === 'Gemm' && intAttribute(node, 'transA', 0) === 1;
  const row = transposed ? `${prefix}/x` : wide;
  return ends([
    ...(transposed ? [plain('Transpose', row, [wide])] : []),
    plain('MatMul', down, [row, a]),
    plain('MatMul', up, [down, b]),
  ]);
}
