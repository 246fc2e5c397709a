/** Dead code elimination. */
import { type Graph, valuesRead } from './graph';

/** The graph without nodes and initialisers that no output depends on. Inputs stay: they are its signature. */
export function prune<G extends Graph>(graph: G): G {
  const needed = new Set(graph.outputs.map((output) => output.name));
  const nodes = graph.nodes
    .toReversed()
    .filter((node) => {
      if (!node.outputs.some((output) => needed.has(output))) return false;
      for (const input of valuesRead(node)) needed.add(input);
      return true;
    })
    .reverse();
  const initializers = new Map([...graph.initializers].filter(([name]) => needed.has(name)));
  return { ...graph, nodes, initializers };
}
