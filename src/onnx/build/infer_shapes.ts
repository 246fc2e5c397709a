/** Static shapes of a whole graph. */

import { type Dimension, type Graph, OnnxError, type StaticGraph } from '../graph/graph';
import { GraphBuilder } from './builder';
import { decompositions } from './decompose';

/**
 * Binds the named dimensions of a graph's inputs and infers type and shape of every value. Constant expressions,
 * chiefly arithmetic on shapes, become initialisers; nodes that no output needs are dropped.
 *
 * @param bindings length of each named dimension, e.g. `{ N: 2 }`.
 * @throws {OnnxError} naming the input whose dimension is unbound, or the node that is not supported.
 */
export function inferShapes(
  graph: Graph,
  bindings: Readonly<Record<string, number>> = {},
): StaticGraph {
  const { name, irVersion, opsets } = graph;
  const empty = { inputs: [], outputs: [], nodes: [], initializers: new Map(), types: new Map() };
  const builder = new GraphBuilder({ name, irVersion, opsets, ...empty });
  for (const input of graph.inputs) {
    if (!input.shape)
      throw new OnnxError(`input "${input.name}" states no shape: export it with one`);
    const shape = input.shape.map((d, axis) => bind(d, bindings, `input "${input.name}"`, axis));
    builder.input(input.name, shape, input.dataType);
  }
  for (const [key, tensor] of graph.initializers) builder.initializer(key, tensor);
  for (const node of graph.nodes) {
    const decompose = node.domain === '' ? decompositions[node.op] : undefined;
    if (decompose) decompose(builder, node);
    else builder.append(node);
  }
  for (const output of graph.outputs) builder.output(output.name);
  return builder.build();
}

function bind(
  dimension: Dimension,
  bindings: Readonly<Record<string, number>>,
  owner: string,
  axis: number,
): number {
  const length = typeof dimension === 'number' ? dimension : bindings[dimension];
  if (length !== undefined) return length;
  throw new OnnxError(
    dimension === ''
      ? `dimension ${axis} of ${owner} has no name and no length: export it with either`
      : `dimension "${dimension}" (axis ${axis}) of ${owner} is unbound: pass { ${dimension}: length }`,
  );
}
