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
  /** A view: often of the file the model was read from, hence of any alignment. Empty where the elements stay apart. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** Where the elements lie, if not in the model's own file. */
  readonly external?: ExternalData;
}

/** A range of bytes of a file beside the model's. */
export interface ExternalData {
  /** As the model calls it: a path relative to its own. */
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

/** Whether a tensor's elements are at hand, and not only in a file beside the model's. */
export function isPresent(tensor: Tensor): boolean {
  return tensor.data.length > 0 || elementCount(tensor.shape) === 0;
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
  | { readonly type: 'tensor'; readonly value: Tensor }
  | { readonly type: 'graph'; readonly value: Subgraph };

/** The body of a branch or loop: its nodes also read values of the graph around it, by their names. */
export type Subgraph = Pick<Graph, 'name' | 'inputs' | 'outputs' | 'nodes' | 'initializers'>;

/** One operator. An empty string among `inputs` or `outputs` is an omitted optional one. */
export interface Node {
  readonly name: string;
  readonly op: string;
  /** '' is the standard ONNX domain. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** What an exporter noted, such as the module that the node came from; kept through `read` and `write`. */
  readonly metadata?: Readonly<Record<string, string>>;
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

/**
 * An error that came up at a node, as an OnnxError that names it. Whatever else is thrown there comes of attributes or
 * inputs that the operator does not have, in a way that no rule foresaw.
 */
export function naming(node: Node, error: unknown): OnnxError {
  const name = describeNode(node);
  if (error instanceof OnnxError) {
    return error.message.startsWith(name) ? error : new OnnxError(`${name}: ${error.message}`);
  }
  const reason = error instanceof Error ? error.message : String(error);
  const message = `${name}: its inputs or attributes do not fit the operator (${reason})`;
  return new OnnxError(message, { cause: error });
}

/** Version of the standard operator set that the graph was written for. */
export function opsetOf(graph: Graph): number {
  return graph.opsets[''] ?? 0;
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** An attribute of the stated kind, undefined where the node does not carry it. */
function attributeOf<K extends Attribute['type']>(node: Node, name: string, type: K) {
  if (!Object.hasOwn(node.attributes, name)) return undefined;
  const attribute = node.attributes[name]!;
  if (attribute.type === type) return attribute as Extract<Attribute, { type: K }>;
  throw new OnnxError(
    `${describeNode(node)}: attribute "${name}" is of type ${attribute.type}, not ${type}`,
  );
}

/** An integer attribute, or `fallback` where the node does not carry it. */
export function intAttribute(node: Node, name: string, fallback: number): number {
  return attributeOf(node, name, 'int')?.value ?? fallback;
}

/** A float attribute, or `fallback` where the node does not carry it. */
export function floatAttribute(node: Node, name: string, fallback: number): number {
  return attributeOf(node, name, 'float')?.value ?? fallback;
}

/** A string attribute, or `fallback` where the node does not carry it. */
export function stringAttribute(node: Node, name: string, fallback: string): string {
  return attributeOf(node, name, 'string')?.value ?? fallback;
}

/** A list-of-integers attribute, or undefined where the node does not carry it. */
export function intsAttribute(node: Node, name: string): readonly number[] | undefined {
  return attributeOf(node, name, 'ints')?.value;
}

/** A list-of-floats attribute, or undefined where the node does not carry it. */
export function floatsAttribute(node: Node, name: string): readonly number[] | undefined {
  return attributeOf(node, name, 'floats')?.value;
}

/** The body of a branch. @throws {OnnxError} where the node lacks it. */
export function graphAttribute(node: Node, name: string): Subgraph {
  const found = attributeOf(node, name, 'graph');
  if (found) return found.value;
  throw new OnnxError(`${describeNode(node)}: lacks its "${name}"`);
}

/** All values that a node reads: its inputs, and what the bodies of its branches read of the graph around them. */
export function valuesRead(node: Node): string[] {
  const read = node.inputs.filter((input) => input !== '');
  for (const attribute of Object.values(node.attributes)) {
    if (attribute.type === 'graph') read.push(...valuesCaptured(attribute.value));
  }
  return read;
}

function valuesCaptured({ inputs, outputs, nodes, initializers }: Subgraph): string[] {
  const own = new Set([...inputs.map((input) => input.name), ...initializers.keys()]);
  for (const node of nodes) for (const output of node.outputs) own.add(output);
  const read = [...nodes.flatMap(valuesRead), ...outputs.map((output) => output.name)];
  return read.filter((value) => !own.has(value));
}

/** An entry of a table by its own key: what `table[key]` is unless the key is one of every object's, as `constructor`. */
export function entryOf<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
