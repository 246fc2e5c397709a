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
  describeNode,
  elementCount,
  type Graph,
  type Node,
  OnnxError,
  type Tensor,
  type ValueInfo,
} from './graph/graph';
import { bytesPerElement, dataTypeOfCode, makeTensor } from './graph/tensor';

const text = new TextDecoder();

/**
 * Reads an ONNX model. Weights stay views into `bytes`: keep those unchanged while the graph is in use.
 * @param name of the model, for error messages; a file name serves.
 * @throws {OnnxError} on a truncated or invalid file, external data, subgraphs, and model-local functions, saying what
 *   to do.
 *
 * Source of the format: https://onnx.ai/onnx/repo-docs/IR.html
 */
export function read(bytes: Uint8Array<ArrayBuffer>, name = 'model'): Graph {
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
  for (const { domain, version } of model.opsetImport) {
    opsets[domain === 'ai.onnx' ? '' : domain] = Number(version);
  }
  const graph = readGraph(model.graph, fail);
  const result = { ...graph, irVersion: Number(model.irVersion), opsets };
  checkWiring(result, fail);
  return result;
}

type Fail = (problem: string) => never;

function readGraph(proto: GraphProto, fail: Fail): Omit<Graph, 'irVersion' | 'opsets'> {
  const initializers = new Map<string, Tensor>();
  for (const tensor of proto.initializer) {
    initializers.set(tensor.name, readTensor(tensor, tensor.name, fail));
  }
  if (proto.sparseInitializer.length > 0)
    fail('sparse initialisers are not supported: densify them');
  return {
    name: proto.name,
    // Before IR version 4 every initialiser was also listed as an input.
    inputs: proto.input.filter((i) => !initializers.has(i.name)).map((i) => readInfo(i, fail)),
    outputs: proto.output.map((o) => readInfo(o, fail)),
    nodes: proto.node.map((n, index) => readNode(n, index, fail)),
    initializers,
  };
}

function readInfo(proto: ValueInfoProto, fail: Fail): ValueInfo {
  const type = proto.type?.value;
  if (type?.case !== 'tensorType') return fail(`"${proto.name}" is not a tensor`);
  const dataType = dataTypeOfCode(type.value.elemType);
  if (!dataType) return fail(`"${proto.name}" has element type ${type.value.elemType}`);
  const shape = type.value.shape?.dim.map(({ value }) => {
    if (value.case === 'dimValue') return Number(value.value);
    return value.case === 'dimParam' ? value.value : '';
  });
  return { name: proto.name, dataType, ...(shape && { shape }) };
}

function readNode(proto: NodeProto, index: number, fail: Fail): Node {
  const attributes: Record<string, Attribute> = {};
  const node: Node = {
    name: proto.name || `${proto.opType}_${index}`,
    op: proto.opType,
    domain: proto.domain === 'ai.onnx' ? '' : proto.domain,
    inputs: proto.input,
    outputs: proto.output,
    attributes,
  };
  for (const attribute of proto.attribute) {
    const value = readAttribute(attribute, node, fail);
    if (value) attributes[attribute.name] = value;
  }
  return node;
}

function readAttribute(proto: AttributeProto, node: Node, fail: Fail): Attribute | undefined {
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
      if (!proto.t) return fail(`${describeNode(node)} has an empty attribute "${proto.name}"`);
      return { type: 'tensor', value: readTensor(proto.t, proto.name, fail) };
    default:
      return fail(
        `${describeNode(node)} has a subgraph or other unsupported attribute "${proto.name}": ` +
          'export the model without control flow',
      );
  }
}

function readTensor(proto: TensorProto, name: string, fail: Fail): Tensor {
  const dataType = dataTypeOfCode(proto.dataType);
  if (!dataType) return fail(`tensor "${name}" has element type ${proto.dataType}`);
  if (proto.dataLocation === DataLocation.EXTERNAL) {
    const file = proto.externalData.find((entry) => entry.key === 'location')?.value ?? '?';
    return fail(`tensor "${name}" lies in an external file (${file}): export with weights inside`);
  }
  const shape = proto.dims.map(Number);
  const count = elementCount(shape);
  if (proto.rawData.length > 0 || count === 0) {
    if (proto.rawData.length !== count * bytesPerElement(dataType)) {
      return fail(`tensor "${name}" [${shape}] has ${proto.rawData.length} bytes: truncated file`);
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

/** Which repeated field of the protobuf message carries a type: onnx.proto, TensorProto. */
function typedField(proto: TensorProto, dataType: DataType): number[] {
  if (dataType === 'float32') return proto.floatData;
  if (dataType === 'float64') return proto.doubleData;
  if (dataType === 'int64') return proto.int64Data.map(Number);
  if (dataType === 'uint32' || dataType === 'uint64') return proto.uint64Data.map(Number);
  return proto.int32Data;
}

/** Every value that is read must have been written before: a truncated file may still parse. */
function checkWiring(graph: Graph, fail: Fail): void {
  const known = new Set([...graph.inputs.map((i) => i.name), ...graph.initializers.keys(), '']);
  for (const node of graph.nodes) {
    for (const input of node.inputs) {
      if (!known.has(input)) fail(`${describeNode(node)} reads "${input}", which nothing produces`);
    }
    for (const output of node.outputs) known.add(output);
  }
  if (graph.outputs.length === 0) fail('the graph has no outputs: the file is truncated');
  for (const output of graph.outputs) {
    if (!known.has(output.name)) fail(`nothing produces the output "${output.name}"`);
  }
}
