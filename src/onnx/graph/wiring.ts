/** Who makes and who reads a value. */
import { type Graph, type Node, valuesRead } from './graph';

/** The node that computes each value. */
export function producersOf(graph: Graph): Map<string, Node> {
  return new Map(graph.nodes.flatMap((node) => node.outputs.map((o) => [o, node] as const)));
}

/** The nodes that read each value, in their order; one that reads it twice stands there twice. */
export function consumersOf(graph: Graph): Map<string, Node[]> {
  const consumers = new Map<string, Node[]>();
  for (const node of graph.nodes) {
    for (const value of valuesRead(node)) {
      const list = consumers.get(value);
      if (list) list.push(node);
      else consumers.set(value, [node]);
    }
  }
  return consumers;
}
