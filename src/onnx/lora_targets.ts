/** Which nodes of a graph LoRA adapts, and where. */
import { type Graph, intAttribute, intsAttribute, type Node, OnnxError } from './graph/graph';

/** A node whose weight can be adapted. */
export interface Target {
  readonly node: Node;
  readonly weight: string;
  /** What the adapter is called: the weight's name without `.weight`. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
}

/** @throws {OnnxError} if a pattern matches nothing. */
export function selectTargets(graph: Graph, patterns: readonly (string | RegExp)[]): Target[] {
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

/**
 * The node behind which each target's adapter is added: the target itself or, where nothing else reads its output, the
 * addition that does. Runtimes fuse a MatMul with its bias and a Conv with its residual, and round differently if an
 * adapter comes between.
 */
export function additionsBehind(graph: Graph, targets: readonly Target[]): Node[] {
  const producers = producersOf(graph);
  const consumers = consumersOf(graph);
  const outputs = new Set(graph.outputs.map((output) => output.name));
  return targets.map(({ node }) => {
    const [output] = node.outputs as [string];
    const [next, ...others] = consumers.get(output) ?? [];
    if (next?.op !== 'Add' || others.length > 0 || outputs.has(output)) return node;
    if (node.op === 'Conv') return next;
    const bias = next.inputs.find((input) => input !== output);
    const isVector = bias !== undefined && weightOf(graph, bias, producers)?.shape.length === 1;
    return node.op === 'MatMul' && isVector ? next : node;
  });
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
