/** Graph to ONNX bytes. */
import { create, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataLocation as DataLocation,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import {
  type Attribute,
  type Graph,
  isPresent,
  OnnxError,
  type Subgraph,
  type Tensor,
  type ValueInfo,
} from './graph/graph';
import { codeOfDataType, toInt64 } from './graph/tensor';

const text = new TextEncoder();

export interface WriteOptions {
  /**
   * Leaves the weights that were read from files beside the model in those files: what is written refers to them, by
   * offset, and holds the others.
   */
  readonly apart?: boolean;
}

/**
 * Writes a graph as an ONNX file (https://onnx.ai/onnx/repo-docs/IR.html): at most 2 GB, which is what protobuf can
 * hold. Unbound and unknown dimensions stay so. Weights that are not at hand are referred to in any case.
 */
export function write(graph: Graph, { apart = false }: WriteOptions = {}): Uint8Array<ArrayBuffer> {
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(graph.irVersion),
    producerName: 'differentiable-onnx',
    opsetImport: Object.entries(graph.opsets).map(([domain, version]) => ({
      domain,
      version: BigInt(version),
    })),
    graph: writeGraph(graph, apart),
  });
  return toBinary(ModelProtoSchema, model) as Uint8Array<ArrayBuffer>;
}

/** A model whose weights lie in a file of their own. */
export interface ModelApart {
  readonly model: Uint8Array<ArrayBuffer>;
  /** The pieces of the other file, one after the other: views of the graph's weights, to be streamed. */
  readonly weights: readonly Uint8Array<ArrayBuffer>[];
}

/** Smaller tensors stay in the model: shapes, axes and bounds, which a runtime wants when it reads the graph. */
const APART_FROM = 1024;

/** What tensors of the second file start at multiples of: runtimes map them into memory. */
const ALIGNMENT = 64;

/**
 * Writes a graph with its weights apart, of any size.
 * @param file what the model calls the other file.
 * @throws {OnnxError} if a weight is not at hand.
 */
export function writeApart(graph: Graph, file: string): ModelApart {
  const weights: Uint8Array<ArrayBuffer>[] = [];
  let offset = 0;
  const initializers = new Map<string, Tensor>();
  for (const [name, tensor] of graph.initializers) {
    if (!isPresent(tensor)) {
      throw new OnnxError(
        `the elements of "${name}" lie in "${tensor.external?.file}", which was not given`,
      );
    }
    const { data } = tensor;
    if (data.length < APART_FROM) {
      initializers.set(name, { dataType: tensor.dataType, shape: tensor.shape, data });
      continue;
    }
    initializers.set(name, { ...tensor, external: { file, offset, length: data.length } });
    const gap = (ALIGNMENT - (data.length % ALIGNMENT)) % ALIGNMENT;
    weights.push(data, new Uint8Array(gap));
    offset += data.length + gap;
  }
  return { model: write({ ...graph, initializers }, { apart: true }), weights };
}

function writeGraph(graph: Subgraph, apart: boolean): GraphProto {
  return create(GraphProtoSchema, {
    name: graph.name,
    input: graph.inputs.map(writeInfo),
    output: graph.outputs.map(writeInfo),
    initializer: [...graph.initializers].map(([name, tensor]) => writeTensor(tensor, apart, name)),
    node: graph.nodes.map((node) => ({
      name: node.name,
      opType: node.op,
      domain: node.domain,
      input: [...node.inputs],
      output: [...node.outputs],
      attribute: Object.entries(node.attributes).map(([n, a]) => writeAttribute(n, a, apart)),
      metadataProps: Object.entries(node.metadata ?? {}).map(([key, value]) => ({ key, value })),
    })),
  });
}

function writeTensor(tensor: Tensor, apart: boolean, name = '') {
  const { external } = tensor;
  const head = {
    name,
    dims: tensor.shape.map(BigInt),
    dataType: codeOfDataType(tensor.dataType),
  };
  if (!external || (isPresent(tensor) && !apart)) {
    return create(TensorProtoSchema, { ...head, rawData: tensor.data });
  }
  const entries = { location: external.file, offset: external.offset, length: external.length };
  return create(TensorProtoSchema, {
    ...head,
    dataLocation: DataLocation.EXTERNAL,
    externalData: Object.entries(entries).map(([key, value]) => ({ key, value: String(value) })),
  });
}

function writeInfo(info: ValueInfo): ValueInfoProto {
  const dim = info.shape?.map((d) => {
    if (typeof d === 'number') return { value: { case: 'dimValue' as const, value: BigInt(d) } };
    return d === '' ? {} : { value: { case: 'dimParam' as const, value: d } };
  });
  const elemType = codeOfDataType(info.dataType);
  return create(ValueInfoProtoSchema, {
    name: info.name,
    type: { value: { case: 'tensorType', value: { elemType, ...(dim && { shape: { dim } }) } } },
  });
}

function writeAttribute(name: string, attribute: Attribute, apart: boolean): AttributeProto {
  const field = () => {
    switch (attribute.type) {
      case 'int':
        return { type: AttributeType.INT, i: toInt64(attribute.value) };
      case 'ints':
        return { type: AttributeType.INTS, ints: attribute.value.map(toInt64) };
      case 'float':
        return { type: AttributeType.FLOAT, f: attribute.value };
      case 'floats':
        return { type: AttributeType.FLOATS, floats: [...attribute.value] };
      case 'string':
        return { type: AttributeType.STRING, s: text.encode(attribute.value) };
      case 'strings':
        return {
          type: AttributeType.STRINGS,
          strings: attribute.value.map((s) => text.encode(s)),
        };
      case 'tensor':
        return { type: AttributeType.TENSOR, t: writeTensor(attribute.value, apart) };
      case 'graph':
        return { type: AttributeType.GRAPH, g: writeGraph(attribute.value, apart) };
    }
  };
  return create(AttributeProtoSchema, { name, ...field() });
}
