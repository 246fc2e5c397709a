/** Which nodes of a graph LoRA adapts, and where. */
import { attentionRoles } from './attention_roles';
import {
  type DataType,
  type Graph,
  intAttribute,
  intsAttribute,
  type Node,
  OnnxError,
  type Tensor,
} from './graph/graph';
import { dataTypeOfCode } from './graph/tensor';
import { consumersOf, producersOf } from './graph/wiring';

/** A node whose weight can be adapted. */
export interface Target {
  readonly node: Node;
  readonly weight: string;
  /** What the adapter is called: the module that the exporter noted, else the weight's name without `.weight`. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** Element type of the product, which the adapter's has to be. */
  readonly dataType: DataType;
}

/** @throws {OnnxError} if a pattern matches nothing. */
export function selectTargets(graph: Graph, patterns: readonly (string | RegExp)[]): Target[] {
  const sources = new Sources(graph);
  const candidates = graph.nodes.flatMap((node) => targetOf(node, sources) ?? []);
  const roles = attentionRoles(graph, new Set(candidates.map((t) => t.node)));
  const expressions = patterns.map(toExpression);
  const matches = ({ node, weight, name }: Target, e: RegExp) =>
    [node.name, weight, name, ...(roles.get(node) ?? [])].some((known) => e.test(known));
  expressions.forEach((expression, i) => {
    if (candidates.some((t) => matches(t, expression))) return;
    const names = candidates.map((t) => [t.name, ...(roles.get(t.node) ?? [])].join(' = '));
    throw new OnnxError(
      `LoRA target ${patterns[i]} matches no MatMul, Gemm or 1x1 Conv with a constant weight; there are: ${names.join(', ')}`,
    );
  });
  const chosen = candidates.filter((t) => expressions.some((e) => matches(t, e)));
  const counts = new Map<string, number>();
  for (const { name } of chosen) counts.set(name, (counts.get(name) ?? 0) + 1);
  // A weight that several nodes share gets one adapter per node, told apart by the node's name.
  return chosen.map((target) =>
    counts.get(target.name) === 1
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

/** The module that a node came from, where PyTorch's exporter noted it: the last but one of nested names. */
function moduleOf(node: Node): string | undefined {
  const scopes = node.metadata?.['pkg.torch.onnx.name_scopes'];
  const names = scopes && [...scopes.matchAll(/'([^']*)'/g)].map(([, name]) => name!);
  return names?.at(-2) || undefined;
}

function targetOf(node: Node, sources: Sources): Target | undefined {
  if (node.domain !== '' || !['MatMul', 'Gemm', 'Conv'].includes(node.op)) return undefined;
  const found = sources.weightOf(node.inputs[1]!);
  if (!found) return undefined;
  const { name: weight, shape, dataType } = found;
  // Exporters append .T to a weight that they store transposed.
  const name = moduleOf(node) ?? weight.replace(/\.weight(\.T)?$/, '');
  if (node.op === 'Conv') {
    const pointwise = shape.slice(2).every((length) => length === 1) && shape.length === 4;
    if (!pointwise || intAttribute(node, 'group', 1) !== 1) return undefined;
    return { node, weight, name, inputs: shape[1]!, outputs: shape[0]!, dataType };
  }
  if (shape.length !== 2) return undefined;
  const flipped = node.op === 'Gemm' && intAttribute(node, 'transB', 0) === 1;
  const [inputs, outputs] = flipped ? [shape[1]!, shape[0]!] : [shape[0]!, shape[1]!];
  return { node, weight, name, inputs, outputs, dataType };
}

/** An initialiser as it is where it is used: behind casts, scales and transpositions. */
interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dataType: DataType;
}

/** Where values come from. */
class Sources {
  readonly #initializers: ReadonlyMap<string, Tensor>;
  readonly #producers: ReadonlyMap<string, Node>;
  readonly #known = new Map<string, Weight | undefined>();

  constructor(graph: Graph) {
    this.#initializers = graph.initializers;
    this.#producers = producersOf(graph);
  }

  /** The initialiser behind a value, if nothing but casts, scales and transpositions lies between. */
  weightOf(value: string): Weight | undefined {
    const path: Node[] = [];
    let at = value;
    let found: Weight | undefined;
    for (;;) {
      const tensor = this.#initializers.get(at);
      found = tensor && { name: at, shape: tensor.shape, dataType: tensor.dataType };
      if (found) break;
      if (this.#known.has(at)) {
        found = this.#known.get(at);
        break;
      }
      const node = this.#producers.get(at);
      if (!node || !this.#passes(node)) break;
      path.push(node);
      at = node.inputs[0]!;
    }
    for (const node of path.reverse()) {
      found = found && this.#behind(node, found);
      this.#known.set(node.outputs[0]!, found);
    }
    return found;
  }

  /** A Mul by a constant is the scale of a weight that is stored as integers. */
  #passes({ op, inputs }: Node): boolean {
    if (op === 'Mul') return this.#initializers.has(inputs[1]!);
    return ['Cast', 'Transpose', 'Identity', 'DequantizeLinear'].includes(op);
  }

  #behind(node: Node, source: Weight): Weight {
    if (node.op === 'Transpose') {
      const perm = intsAttribute(node, 'perm') ?? source.shape.map((_, i) => i).reverse();
      return { ...source, shape: perm.map((axis) => source.shape[axis]!) };
    }
    if (node.op === 'Cast') {
      return { ...source, dataType: dataTypeOfCode(intAttribute(node, 'to', 1)) ?? 'float32' };
    }
    if (node.op === 'DequantizeLinear') {
      const scale = this.#initializers.get(node.inputs[1] ?? '');
      return { ...source, dataType: scale?.dataType ?? 'float32' };
    }
    return source;
  }
}

/**
 * The node behind which each target's adapter is added: the target itself or, where nothing else reads its output, the
 * addition that does. Runtimes fuse a MatMul with its bias and a Conv with its residual, and round differently if an
 * adapter comes between.
 */
export function additionsBehind(graph: Graph, targets: readonly Target[]): Node[] {
  const sources = new Sources(graph);
  const consumers = consumersOf(graph);
  const outputs = new Set(graph.outputs.map((output) => output.name));
  return targets.map(({ node }) => {
    const [output] = node.outputs as [string];
    const [next, ...others] = consumers.get(output) ?? [];
    if (next?.op !== 'Add' || others.length > 0 || outputs.has(output)) return node;
    if (node.op === 'Conv') return next;
    const bias = next.inputs.find((input) => input !== output);
    const isVector = bias !== undefined && sources.weightOf(bias)?.shape.length === 1;
    return node.op === 'MatMul' && isVector ? next : node;
  });
}
