/** ONNX bytes to graph. */
import { fromBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataLocation as DataLocation,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import {
  type Attribute,
  type DataType,
  type Dimension,
  describeNode,
  type ExternalData,
  elementCount,
  type Graph,
  type Node,
  OnnxError,
  type Subgraph,
  type Tensor,
  type ValueInfo,
} from './graph/graph';
import { bytesPerElement, dataTypeOfCode, makeTensor } from './graph/tensor';
import { upgrade } from './upgrade';

const text = new TextDecoder();

export interface ReadOptions {
  /**
   * Weights that lie beside the model's file: the bytes of each such file, by the name that the model gives it; or
   * `apart`, to leave them there. Their elements are then unknown here, and `write` refers to the same files.
   */
  readonly files?: ReadonlyMap<string, Uint8Array<ArrayBuffer>> | 'apart';
}

/**
 * Reads an ONNX model of operator set 7 or later; one before 13 is raised to 17. Weights stay views into `bytes` and
 * the other files: keep those unchanged while the graph is in use.
 * @param name of the model, for error messages; a file name serves.
 * @throws {OnnxError} on a truncated or invalid file, external files that were not given, and model-local functions,
 *   saying what to do.
 *
 * Source of the format: https://onnx.ai/onnx/repo-docs/IR.html
 */
export function read(
  bytes: Uint8Array<ArrayBuffer>,
  name = 'model',
  { files }: ReadOptions = {},
): Graph {
  const fail = (problem: string): never => {
    throw new OnnxError(`ONNX model "${name}": ${problem}`);
  };
  let model: ModelProto;
  try {
    // A plain array: tensors would otherwise become views of whatever subclass `bytes` is.
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    model = fromBinary(ModelProtoSchema, plain, { readUnknownFields: false });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return fail(`the file is truncated or not ONNX (${reason}); fetch it again`);
  }
  if (!model.graph) return fail('the file holds no graph: it is truncated or not ONNX');
  if (model.functions.length > 0) {
    return fail(`model-local functions (${model.functions[0]!.name}): export it with them inlined`);
  }
  const opsets: Record<string, number> = {};
  for (const { domain, version } of model.opsetImport) opsets[domainOf(domain)] = Number(version);
  const graph = new Reader(fail, files).graph(model.graph);
  if (graph.outputs.length === 0) fail('the graph has no outputs: the file is truncated');
  checkWiring(graph, new Set(), fail);
  // Weights need not be inputs too from version 4 on; the operator sets that are emitted need 8.
  const irVersion = Math.max(8, Number(model.irVersion));
  try {
    return upgrade({ ...graph, irVersion, opsets });
  } catch (error) {
    if (error instanceof OnnxError) return fail(error.message);
    throw error;
  }
}

type Fail = (problem: string) => never;

const domainOf = (domain: string) => (domain === 'ai.onnx' ? '' : domain);

/** Reads the parts of one model. */
class Reader {
  readonly #fail: Fail;
  readonly #files: ReadOptions['files'];
  /** Two nodes of one name are refused by runtimes. */
  readonly #nodeNames = new Set<string>();

  constructor(fail: Fail, files: ReadOptions['files']) {
    this.#fail = fail;
    this.#files = files;
  }

  graph(proto: GraphProto): Subgraph {
    const initializers = new Map<string, Tensor>();
    for (const tensor of proto.initializer) {
      if (initializers.has(tensor.name)) this.#fail(`two tensors are called "${tensor.name}"`);
      initializers.set(tensor.name, this.#tensor(tensor, tensor.name));
    }
    if (proto.sparseInitializer.length > 0) {
      this.#fail('sparse initialisers are not supported: densify them');
    }
    // Given names first: those that are made up must differ from them.
    for (const node of proto.node) if (node.name !== '') this.#nodeNames.add(node.name);
    const seen = new Set<string>();
    return {
      name: proto.name,
      // Before IR version 4 every initialiser was also listed as an input.
      inputs: proto.input.filter((i) => !initializers.has(i.name)).map((i) => this.#info(i)),
      outputs: proto.output.map((o) => this.#info(o)),
      nodes: proto.node.map((n, index) => this.#node(n, index, seen)),
      initializers,
    };
  }

  #info(proto: ValueInfoProto): ValueInfo {
    const type = proto.type?.value;
    if (type?.case !== 'tensorType') return this.#fail(`"${proto.name}" is not a tensor`);
    const dataType = dataTypeOfCode(type.value.elemType);
    if (!dataType) return this.#fail(`"${proto.name}" has element type ${type.value.elemType}`);
    const shape = type.value.shape?.dim.map(({ value }): Dimension => {
      // Some exporters write -1 for a length that they do not know.
      if (value.case === 'dimValue') return value.value < 0n ? '' : Number(value.value);
      return value.case === 'dimParam' ? value.value : '';
    });
    return { name: proto.name, dataType, ...(shape && { shape }) };
  }

  #node(proto: NodeProto, index: number, seen: Set<string>): Node {
    const attributes: Record<string, Attribute> = {};
    const metadata = proto.metadataProps.map(({ key, value }) => [key, value] as const);
    const node: Node = {
      name: this.#nodeName(proto, index, seen),
      op: proto.opType,
      domain: domainOf(proto.domain),
      inputs: proto.input,
      outputs: proto.output,
      attributes,
      ...(metadata.length > 0 && { metadata: Object.fromEntries(metadata) }),
    };
    for (const attribute of proto.attribute) {
      attributes[attribute.name] = this.#attribute(attribute, node);
    }
    return node;
  }

  /** The node's own name, or one that no other has. */
  #nodeName(proto: NodeProto, index: number, seen: Set<string>): string {
    let name = proto.name || `${proto.opType}_${index}`;
    const taken = () => (proto.name && name === proto.name ? seen : this.#nodeNames).has(name);
    for (let i = 0; taken(); i++) name = `${proto.name || `${proto.opType}_${index}`}_${i}`;
    seen.add(name);
    this.#nodeNames.add(name);
    return name;
  }

  #attribute(proto: AttributeProto, node: Node): Attribute {
    switch (proto.type) {
      case AttributeType.INT:
        return { type: 'int', value: Number(proto.i) };
      case AttributeType.INTS:
        return { type: 'ints', value: proto.ints.map(Number) };
      case AttributeType.FLOAT:
        return { type: 'float', value: proto.f };
      case AttributeType.FLOATS:
        return { type: 'floats', value: proto.floats };
      case AttributeType.STRING:
        return { type: 'string', value: text.decode(proto.s) };
      case AttributeType.STRINGS:
        return { type: 'strings', value: proto.strings.map((s) => text.decode(s)) };
      case AttributeType.TENSOR:
        if (!proto.t) {
          return this.#fail(`${describeNode(node)} has an empty attribute "${proto.name}"`);
        }
        return { type: 'tensor', value: this.#tensor(proto.t, proto.name) };
      case AttributeType.GRAPH:
        if (!proto.g) {
          return this.#fail(`${describeNode(node)} has an empty attribute "${proto.name}"`);
        }
        return { type: 'graph', value: this.graph(proto.g) };
      default:
        return this.#fail(
          `${describeNode(node)} has an attribute "${proto.name}" of a kind that is not supported`,
        );
    }
  }

  #tensor(proto: TensorProto, name: string): Tensor {
    const fail = this.#fail;
    const dataType = dataTypeOfCode(proto.dataType);
    if (!dataType) return fail(`tensor "${name}" has element type ${proto.dataType}`);
    const shape = proto.dims.map(Number);
    if (shape.some((length) => length < 0)) return fail(`tensor "${name}" has shape [${shape}]`);
    const count = elementCount(shape);
    if (proto.dataLocation === DataLocation.EXTERNAL) {
      return this.#external(proto, name, dataType, shape);
    }
    if (proto.rawData.length > 0 || count === 0) {
      if (proto.rawData.length !== count * bytesPerElement(dataType)) {
        return fail(
          `tensor "${name}" [${shape}] has ${proto.rawData.length} bytes: truncated file`,
        );
      }
      return { dataType, shape, data: proto.rawData };
    }
    const stored = typedField(proto, dataType);
    if (stored.length !== count) {
      return fail(`tensor "${name}" [${shape}] has ${stored.length} elements: truncated file`);
    }
    if (dataType === 'float16' || dataType === 'bfloat16') {
      // The int32 field holds the bits, not the value.
      return { ...makeTensor(stored, shape, 'uint16'), dataType };
    }
    return makeTensor(stored, shape, dataType);
  }

  /** A tensor whose elements lie in a file of their own. */
  #external(
    proto: TensorProto,
    name: string,
    dataType: DataType,
    shape: readonly number[],
  ): Tensor {
    const entries = new Map(proto.externalData.map(({ key, value }) => [key, value]));
    const file = entries.get('location') ?? '';
    const offset = Number(entries.get('offset') ?? 0);
    const length = elementCount(shape) * bytesPerElement(dataType);
    const stated = Number(entries.get('length') ?? length);
    if (stated !== length || !Number.isSafeInteger(offset) || offset < 0) {
      return this.#fail(
        `tensor "${name}" [${shape}] has ${stated} bytes at ${offset} of "${file}"`,
      );
    }
    const external: ExternalData = { file, offset, length };
    if (this.#files === 'apart') return { dataType, shape, data: new Uint8Array(0), external };
    const bytes = this.#files?.get(file);
    if (!bytes) {
      return this.#fail(`tensor "${name}" lies in an external file (${file}), which was not given`);
    }
    if (offset + length > bytes.length) {
      return this.#fail(
        `tensor "${name}" ends at byte ${offset + length} of "${file}", which has ${bytes.length}: truncated file`,
      );
    }
    const data = new Uint8Array(bytes.buffer, bytes.byteOffset + offset, length);
    return { dataType, shape, data, external };
  }
}

/** Which repeated field of the protobuf message carries a type: onnx.proto, TensorProto. */
function typedField(proto: TensorProto, dataType: DataType): number[] {
  if (dataType === 'float32') return proto.floatData;
  if (dataType === 'float64') return proto.doubleData;
  if (dataType === 'int64') return proto.int64Data.map(Number);
  if (dataType === 'uint32' || dataType === 'uint64') return proto.uint64Data.map(Number);
  return proto.int32Data;
}

/** Every value that is read must have been written before: a truncated file may still parse. */
function checkWiring(graph: Subgraph, around: ReadonlySet<string>, fail: Fail): void {
  const own = [...graph.inputs.map((input) => input.name), ...graph.initializers.keys()];
  const known = new Set([...around, ...own, '']);
  for (const node of graph.nodes) {
    for (const input of node.inputs) {
      if (!known.has(input)) fail(`${describeNode(node)} reads "${input}", which nothing produces`);
    }
    for (const attribute of Object.values(node.attributes)) {
      if (attribute.type === 'graph') checkWiring(attribute.value, known, fail);
    }
    for (const output of node.outputs) known.add(output);
  }
  for (const output of graph.outputs) {
    if (!known.has(output.name)) fail(`nothing produces the output "${output.name}"`);
  }
}
