/**
 * Attention by its pattern: softmax(q k^T) v, where names say nothing. Each product with a weight that makes q, k or v, or
 * takes what comes out (o), gets a role such as `attention3.q`, attentions being counted in the graph's order.
 */
import type { Graph, Node } from './graph/graph';
import { consumersOf, producersOf } from './graph/wiring';

/** What lies between a projection and the products of attention: heads, scales, biases, masks, rotations, norms. */
const BETWEEN = new Set([
  ...['Reshape', 'Transpose', 'Squeeze', 'Unsqueeze', 'Expand', 'Flatten', 'Identity', 'Cast'],
  ...['Mul', 'Div', 'Add', 'Sub', 'Neg', 'Concat', 'Slice', 'Split', 'Gather', 'Where', 'Sqrt'],
  ...['Dropout', 'RotaryEmbedding', 'IsNaN', 'RMSNormalization', 'LayerNormalization'],
]);

/** How many nodes are looked at from one product on. */
const LIMIT = 256;

/** Of each of the given nodes that is part of an attention, its roles. */
export function attentionRoles(graph: Graph, projections: ReadonlySet<Node>): Map<Node, string[]> {
  const [producers, consumers] = [producersOf(graph), consumersOf(graph)];
  const roles = new Map<Node, string[]>();
  let count = 0;
  const note = (role: string, found: Iterable<Node>) => {
    for (const node of found)
      roles.set(node, [...(roles.get(node) ?? []), `attention${count}.${role}`]);
  };
  const before = (node: Node) => node.inputs.flatMap((value) => producers.get(value) ?? []);
  const after = (node: Node) => node.outputs.flatMap((value) => consumers.get(value) ?? []);
  const made = (value: string) => {
    const first = producers.get(value);
    return first ? reached([first], before, (node) => projections.has(node)) : [];
  };
  const isProduct = (node: Node) => node.op === 'MatMul' && !projections.has(node);

  for (const node of graph.nodes) {
    if (node.op === 'Attention' || node.op === 'MultiHeadAttention') {
      ['q', 'k', 'v'].forEach((role, i) => {
        note(role, made(node.inputs[i] ?? ''));
      });
      note(
        'o',
        reached(after(node), after, (n) => projections.has(n)),
      );
      count++;
    } else if (node.op === 'Softmax') {
      const [score] = reached(before(node), before, isProduct);
      const [mixed] = reached(after(node), after, isProduct);
      if (!score || !mixed) continue;
      note('q', made(score.inputs[0]!));
      note('k', made(score.inputs[1]!));
      note('v', made(mixed.inputs[1]!));
      note(
        'o',
        reached(after(mixed), after, (n) => projections.has(n)),
      );
      count++;
    }
  }
  return roles;
}

/** The nearest nodes of a kind on every way from some nodes on, if only what may lie between is passed. */
function reached(
  from: readonly Node[],
  next: (node: Node) => readonly Node[],
  isGoal: (node: Node) => boolean,
): Set<Node> {
  const [found, seen, open] = [new Set<Node>(), new Set<Node>(from), [...from]];
  for (let node = open.shift(); node && seen.size < LIMIT; node = open.shift()) {
    if (isGoal(node)) {
      found.add(node);
    } else if (BETWEEN.has(node.op)) {
      for (const other of next(node)) {
        if (seen.has(other)) continue;
        seen.add(other);
        open.push(other);
      }
    }
  }
  return found;
}
