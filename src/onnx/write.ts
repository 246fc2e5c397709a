/** Graph to ONNX bytes. */
import { create, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  ModelProtoSchema,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import type { Attribute, Graph, Tensor, ValueInfo } from './graph/graph';
import { codeOfDataType, toInt64 } from './graph/tensor';

const text = new TextEncoder();

/**
 * Writes a graph as an ONNX file (https://onnx.ai/onnx/repo-docs/IR.html), weights inside: at most 2 GB, which is what
 * protobuf can hold. Unbound and unknown dimensions stay so.
 */
export function write(graph: Graph): Uint8Array<ArrayBuffer> {
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(graph.irVersion),
    producerName: 'differentiable-onnx',
    opsetImport: Object.entries(graph.opsets).map(([domain, version]) => ({
      domain,
      version: BigInt(version),
    })),
    graph: {
      name: graph.name,
      input: graph.inputs.map(writeInfo),
      output: graph.outputs.map(writeInfo),
      initializer: [...graph.initializers].map(([name, tensor]) => writeTensor(tensor, name)),
      node: graph.nodes.map((node) => ({
        name: node.name,
        opType: node.op,
        domain: node.domain,
        input: [...node.inputs],
        output: [...node.outputs],
        attribute: Object.entries(node.attributes).map(([n, a]) => writeAttribute(n, a)),
      })),
    },
  });
  return toBinary(ModelProtoSchema, model) as Uint8Array<ArrayBuffer>;
}

function writeTensor(tensor: Tensor, name = '') {
  return create(TensorProtoSchema, {
    name,
    dims: tensor.shape.map(BigInt),
    dataType: codeOfDataType(tensor.dataType),
    rawData: tensor.data,
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

function writeAttribute(name: string, attribute: Attribute): AttributeProto {
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
        return { type: AttributeType.TENSOR, t: writeTensor(attribute.value) };
    }
  };
  return create(AttributeProtoSchema, { name, ...field() });
}
