/**
 * The in-memory form of an ONNX model: plain, read-only data. Every function of this library takes a graph
 * and returns a new one; initialisers are shared by reference, never copied.
 *
 * Source of names and semantics: https://onnx.ai/onnx/repo-docs/IR.html and https://onnx.ai/onnx/operators/
 */

export type DataType =
  | 'float32'
  | 'float16'
  | 'float64'
  | 'bfloat16'
  | 'int64'
  | 'int32'
  | 'int16'
  | 'int8'
  | 'uint64'
  | 'uint32'
  | 'uint16'
  | 'uint8'
  | 'bool';

/** Constant data of a known shape. `data` holds the elements row-major, little-endian, without padding. */
export interface Tensor {
  readonly dataType: DataType;
  readonly shape: readonly number[];
  /** A view: often of the file the model was read from, hence of any alignment. */
  readonly data: Uint8Array<ArrayBuffer>;
}

/** A dimension is a length, a name to be bound to a length later ("N"), or unknown (""). */
export type Dimension = number | string;

/** The type of a graph's input or output. `shape` is absent where the file does not state one. */
export interface ValueInfo {
  readonly name: string;
  readonly dataType: DataType;
  readonly shape?: readonly Dimension[];
}

export type Attribute =
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'tensor'; readonly value: Tensor };

/** One operator. An empty string among `inputs` or `outputs` is an omitted optional one. */
export interface Node {
  readonly name: string;
  readonly op: string;
  /** '' is the standard ONNX domain. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface Graph {
  readonly name: string;
  readonly irVersion: number;
  /** Operator set version per domain; '' is the standard one. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** In topological order. */
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, Tensor>;
}

/** Type and static shape of a value. */
export interface TensorType {
  readonly dataType: DataType;
  readonly shape: readonly number[];
}

/** A graph in which every value has a static shape. */
export interface StaticGraph extends Graph {
  /** Of every input, initialiser and node output. */
  readonly types: ReadonlyMap<string, TensorType>;
}

/** What this library throws: the message names the model, node or value, and what to do about it. */
export class OnnxError extends Error {
  override readonly name = 'OnnxError';
}

/** How a node is called in messages: `Conv "/down/0/Conv"`. */
export function describeNode(node: Node): string {
  const op = node.domain === '' ? node.op : `${node.domain}.${node.op}`;
  return `${op} "${node.name || (node.outputs[0] ?? '')}"`;
}

/** Version of the standard operator set that the graph was written for. */
export function opsetOf(graph: Graph): number {
  return graph.opsets[''] ?? 0;
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** An integer attribute, or `fallback` where the node does not carry it. */
export function intAttribute(node: Node, name: string, fallback: number): number {
  const attribute = node.attributes[name];
  return attribute?.type === 'int' ? attribute.value : fallback;
}

/** A float attribute, or `fallback` where the node does not carry it. */
export function floatAttribute(node: Node, name: string, fallback: number): number {
  const attribute = node.attributes[name];
  return attribute?.type === 'float' ? attribute.value : fallback;
}

/** A string attribute, or `fallback` where the node does not carry it. */
export function stringAttribute(node: Node, name: string, fallback: string): string {
  const attribute = node.attributes[name];
  return attribute?.type === 'string' ? attribute.value : fallback;
}

/** A list-of-integers attribute, or undefined where the node does not carry it. */
export function intsAttribute(node: Node, name: string): readonly number[] | undefined {
  const attribute = node.attributes[name];
  return attribute?.type === 'ints' ? attribute.value : undefined;
}
