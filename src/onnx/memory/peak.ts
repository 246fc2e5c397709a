/** How many bytes of values are alive at once while a graph runs. */
import { elementCount, type Node, type StaticGraph, valuesRead } from '../graph/graph';
import { bytesPerElement } from '../graph/tensor';

/** Operators whose output is their input's memory under another shape or name. */
const VIEWS = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Identity']);

/** Size of a value in bytes. */
export function bytesOf(graph: StaticGraph, value: string): number {
  const type = graph.types.get(value);
  return type ? elementCount(type.shape) * bytesPerElement(type.dataType) : 0;
}

/** What does not depend on an input, such as a rearranged weight: a runtime computes it when it loads the model. */
export function constantsOf(graph: StaticGraph): Set<string> {
  const constant = new Set([...graph.initializers.keys(), '']);
  for (const node of graph.nodes) {
    const drawn = /^(Random|Bernoulli)/.test(node.op);
    if (!drawn && valuesRead(node).every((value) => constant.has(value))) {
      for (const output of node.outputs) constant.add(output);
    }
  }
  return constant;
}

/**
 * Most bytes of values that are alive at once, if the nodes run in the graph's order and a value is freed behind its
 * last use; beside the weights, and without what a kernel needs for itself.
 */
export function peakMemory(graph: StaticGraph): number {
  const constant = constantsOf(graph);
  const memory = new Map<string, string>();
  const memoryOf = (value: string) => memory.get(value) ?? value;
  const lastUse = new Map<string, number>();
  const use = (value: string, at: number) => {
    if (!constant.has(value)) lastUse.set(memoryOf(value), at);
  };
  graph.nodes.forEach((node: Node, at) => {
    for (const value of valuesRead(node)) use(value, at);
    const [output] = node.outputs;
    if (VIEWS.has(node.op)) memory.set(output!, memoryOf(node.inputs[0]!));
    for (const value of node.outputs) if (value !== '') use(value, at);
  });
  for (const { name } of graph.outputs) use(name, graph.nodes.length);

  const freed = new Map<number, number>();
  for (const [value, at] of lastUse) freed.set(at, (freed.get(at) ?? 0) + bytesOf(graph, value));
  let alive = 0;
  for (const { name } of graph.inputs) if (lastUse.has(name)) alive += bytesOf(graph, name);
  let peak = alive;
  graph.nodes.forEach((node, at) => {
    for (const output of node.outputs) {
      if (lastUse.has(output) && memoryOf(output) === output) alive += bytesOf(graph, output);
    }
    peak = Math.max(peak, alive);
    alive -= freed.get(at) ?? 0;
  });
  return peak;
}
