/** Builds graphs node by node; every value has a static type from the moment it exists. */

import { type AttributeInput, toAttribute } from '../graph/attributes';
import {
  type DataType,
  describeNode,
  elementCount,
  entryOf,
  isPresent,
  type Node,
  naming,
  OnnxError,
  opsetOf,
  type StaticGraph,
  type Tensor,
  type TensorType,
  type ValueInfo,
} from '../graph/graph';
import { prune } from '../graph/prune';
import { makeTensor, tensorValues } from '../graph/tensor';
import { fold, foldShape } from '../infer/fold';
import { type Constant, Site } from '../infer/rule';
import { inferRules } from '../infer/rules';
import { checkSignature } from '../infer/signature';

/** A value of the graph under construction: its name. */
export type Value = string;

/** Whether a constant is stored as an initialiser: large ones are not folded, nor are those that lose by it. */
const isStored = ({ shape, dataType }: Tensor) =>
  elementCount(shape) > FOLD_LIMIT || /16|uint64/.test(dataType);

/** Larger constant expressions stay in the graph: the runtime folds them when it loads the model. */
const FOLD_LIMIT = 4096;

/**
 * A graph under construction. Values are handled by their names; each has its type and static shape as soon as it is
 * made, and small expressions of constants are computed instead of being emitted.
 *
 * Source of the operators' semantics: https://onnx.ai/onnx/operators/
 */
export class GraphBuilder {
  /** Version of the standard operator set that nodes are emitted for. */
  readonly opset: number;
  readonly #header: Pick<StaticGraph, 'name' | 'irVersion' | 'opsets'>;
  readonly #inputs: ValueInfo[];
  readonly #outputs: ValueInfo[];
  readonly #nodes: Node[];
  readonly #initializers: Map<string, Tensor>;
  readonly #types: Map<string, TensorType>;
  readonly #producers = new Map<Value, Node>();
  readonly #nodeNames = new Set<string>();
  /** Values that are known without running the model and may be folded. */
  readonly #constants = new Map<string, Constant>();
  /** Emitted expressions, so that the same one is emitted once. */
  readonly #expressions = new Map<string, Value>();
  #unique = 0;

  /**
   * @param source a graph to extend (left as it is), or the name and operator set of a new one.
   * @throws {OnnxError} for operator sets before 13, whose operators take their axes otherwise.
   */
  constructor(source: StaticGraph | { readonly name: string; readonly opset?: number }) {
    const graph: StaticGraph =
      'nodes' in source
        ? source
        : {
            name: source.name,
            irVersion: 8,
            opsets: { '': source.opset ?? 18 },
            inputs: [],
            outputs: [],
            nodes: [],
            initializers: new Map(),
            types: new Map(),
          };
    this.opset = opsetOf(graph);
    if (this.opset < 13) {
      throw new OnnxError(
        `graph "${graph.name}" has operator set ${this.opset}: export it with 13 or later`,
      );
    }
    this.#header = { name: graph.name, irVersion: graph.irVersion, opsets: graph.opsets };
    this.#inputs = [...graph.inputs];
    this.#outputs = [...graph.outputs];
    this.#nodes = [...graph.nodes];
    this.#initializers = new Map(graph.initializers);
    this.#types = new Map(graph.types);
    for (const node of this.#nodes) this.#produce(node);
  }

  /** Whether the graph has a value of this name. */
  has(value: Value): boolean {
    return this.#types.has(value);
  }

  /** @throws {OnnxError} if the graph has no such value. */
  type(value: Value): TensorType {
    const type = this.#types.get(value);
    if (!type) throw new OnnxError(`graph "${this.#header.name}" has no value "${value}"`);
    return type;
  }

  /** Its dimensions; [] for a scalar. @throws {OnnxError} if the graph has no such value. */
  shape(value: Value): readonly number[] {
    return this.type(value).shape;
  }

  /** Its element type. @throws {OnnxError} if the graph has no such value. */
  dataType(value: Value): DataType {
    return this.type(value).dataType;
  }

  /** What is stored in the graph under a name, if anything is. */
  initializerOf(value: Value): Tensor | undefined {
    return this.#initializers.get(value);
  }

  #produce(node: Node): void {
    if (node.name !== '') this.#nodeNames.add(node.name);
    for (const output of node.outputs) this.#producers.set(output, node);
  }

  /** The node that computes a value, undefined for inputs, initialisers and constants. */
  producer(value: Value): Node | undefined {
    return this.#producers.get(value);
  }

  /** The elements of a value that is known without running the model and has at most `limit` of them. */
  constantOf(value: Value, limit = FOLD_LIMIT): Constant | undefined {
    const known = this.#constants.get(value);
    if (known) return known;
    const tensor = this.#initializers.get(value);
    if (!tensor || elementCount(tensor.shape) > limit || !isPresent(tensor)) return undefined;
    return { dataType: tensor.dataType, shape: tensor.shape, values: tensorValues(tensor) };
  }

  /** Float initialisers may be weights to differentiate by: expressions of them are not folded. */
  #foldable(value: Value): Constant | undefined {
    const known = this.#constants.get(value);
    if (known) return known;
    const tensor = this.#initializers.get(value);
    return tensor && /int|bool/.test(tensor.dataType) ? this.constantOf(value) : undefined;
  }

  #declare(name: string, type: TensorType): Value {
    if (this.#types.has(name)) {
      throw new OnnxError(
        `graph "${this.#header.name}" already has a value "${name}": rename one of the two`,
      );
    }
    this.#types.set(name, { dataType: type.dataType, shape: type.shape });
    return name;
  }

  /** A name that no value and no node has yet. */
  fresh(prefix: string): string {
    let name: string;
    do name = `${prefix}_${this.#unique++}`;
    while (this.#types.has(name) || this.#nodeNames.has(name));
    return name;
  }

  /** A new input of the graph. @throws {OnnxError} if the name is taken. */
  input(name: string, shape: readonly number[], dataType: DataType = 'float32'): Value {
    this.#inputs.push({ name, dataType, shape });
    return this.#declare(name, { dataType, shape });
  }

  /**
   * Stored elements under a name, such as a weight; the tensor is shared, not copied.
   * @throws {OnnxError} if the name is taken.
   */
  initializer(name: string, tensor: Tensor): Value {
    this.#initializers.set(name, tensor);
    return this.#declare(name, tensor);
  }

  /**
   * A constant, its elements row-major; a number alone is a scalar, a list a vector unless `shape` says otherwise. The
   * same one twice is stored once.
   */
  constant(
    values: number | readonly number[],
    shape: readonly number[] = typeof values === 'number' ? [] : [values.length],
    dataType: DataType = 'float32',
  ): Value {
    const list = typeof values === 'number' ? [values] : values;
    const key = `constant ${dataType} [${shape}] ${list}`;
    const before = this.#expressions.get(key);
    if (before) return before;
    const name = this.fresh('constant');
    this.#setConstant(name, { dataType, shape, values: list });
    this.#expressions.set(key, name);
    return name;
  }

  #setConstant(name: string, constant: Constant): void {
    this.#declare(name, constant);
    this.#constants.set(name, constant);
  }

  /**
   * The value of a one-output operator; the same expression twice is emitted once.
   * @param inputs '' stands for an omitted optional one.
   * @param name of the node and its output, which is then emitted even if the expression exists already.
   * @throws {OnnxError} as `append` does.
   */
  op(
    op: string,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, AttributeInput>> = {},
    name?: string,
  ): Value {
    const key = JSON.stringify([op, inputs, attributes]);
    const before = name === undefined ? this.#expressions.get(key) : undefined;
    if (before) return before;
    const [output] = this.ops(op, inputs, 1, attributes, name);
    if (name === undefined) this.#expressions.set(key, output!);
    return output!;
  }

  /** The values of an operator with `outputCount` outputs. @throws {OnnxError} as `append` does. */
  ops(
    op: string,
    inputs: readonly Value[],
    outputCount: number,
    attributes: Readonly<Record<string, AttributeInput>> = {},
    name = this.fresh(op),
  ): Value[] {
    const outputs = Array.from({ length: outputCount }, (_, i) => (i ? `${name}/${i}` : name));
    const entries = Object.entries(attributes).map(([k, v]) => [k, toAttribute(v)] as const);
    this.append({
      ...{ name, op, domain: '', inputs, outputs },
      attributes: Object.fromEntries(entries),
    });
    return outputs;
  }

  /** Whether the operator has a rule of inference. */
  supports(node: Node): boolean {
    return node.domain === '' && entryOf(inferRules, node.op) !== undefined;
  }

  /**
   * Types of the outputs that a node would have here.
   * @throws {OnnxError} naming the node if its operator is not supported or its inputs do not fit.
   */
  typesOf(node: Node): readonly TensorType[] {
    if (!this.supports(node)) {
      throw new OnnxError(`${describeNode(node)}: shape inference does not support this operator`);
    }
    const inputTypes = node.inputs.map((input) => (input ? this.type(input) : undefined));
    const site = new Site(node, this.opset, inputTypes, (value) => this.constantOf(value));
    try {
      checkSignature(site);
      const types = inferRules[node.op]!(site);
      const odd = types.find(({ shape }) => !shape.every((d) => Number.isSafeInteger(d) && d >= 0));
      if (odd) site.fail(`its output would have the shape [${odd.shape}]`);
      if (types.length < node.outputs.length) site.fail(`has no output ${types.length}`);
      return types;
    } catch (error) {
      throw naming(node, error);
    }
  }

  /**
   * Adds a node, or, where its outputs are known already, their values.
   * @throws {OnnxError} as `typesOf` does, and where the name of an output is taken.
   */
  append(node: Node): void {
    const held = node.op === 'Constant' ? node.attributes.value : undefined;
    if (held?.type === 'tensor' && isStored(held.value)) {
      this.initializer(node.outputs[0]!, held.value);
      return;
    }
    const types = this.typesOf(node);
    const constants = this.#fold(node, types);
    node.outputs.forEach((output, i) => {
      if (output === '') return;
      if (constants) this.#setConstant(output, constants[i]!);
      else this.#declare(output, types[i]!);
    });
    if (constants) return;
    // Two nodes of one name are refused by runtimes.
    const unique = this.#nodeNames.has(node.name) ? { ...node, name: this.fresh(node.name) } : node;
    this.#nodes.push(unique);
    this.#produce(unique);
  }

  #fold(node: Node, types: readonly TensorType[]): Constant[] | undefined {
    if (types.some((type) => elementCount(type.shape) > FOLD_LIMIT)) return undefined;
    // The shape of a value is known even where the value is not.
    if (node.op === 'Shape' || node.op === 'Size') {
      return [foldShape(node, this.shape(node.inputs[0]!), types[0]!)];
    }
    const inputs = node.inputs.map((input) => (input ? this.#foldable(input) : undefined));
    const known = node.inputs.every((input, i) => input === '' || inputs[i] !== undefined);
    try {
      return known ? fold(node, inputs, types) : undefined;
    } catch (error) {
      throw naming(node, error);
    }
  }

  /** Makes a value an output of the graph, under a name of its own if one is given. */
  output(value: Value, name: string = value): Value {
    const named = name === value ? value : this.op('Identity', [value], {}, name);
    this.#outputs.push({ name: named, ...this.type(value) });
    return named;
  }

  /** Drops the outputs declared so far. */
  clearOutputs(): void {
    this.#outputs.length = 0;
  }

  /** The nodes so far, in topological order. */
  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** The graph, without the nodes and initialisers that no output needs. */
  build(): StaticGraph {
    const initializers = new Map(this.#initializers);
    const used = new Set(this.#nodes.flatMap((node) => node.inputs));
    for (const { name } of this.#outputs) used.add(name);
    for (const [name, { values, shape, dataType }] of this.#constants) {
      if (used.has(name)) initializers.set(name, makeTensor(values, shape, dataType));
    }
    return prune({
      ...this.#header,
      inputs: this.#inputs,
      outputs: this.#outputs,
      nodes: this.#nodes,
      initializers,
      types: this.#types,
    });
  }
}
