import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  TensorProto_DataLocation as Location,
  ModelProtoSchema,
  TensorProtoSchema,
} from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { type DataType, Expressions, makeTensor, read, tensorValues, write } from '#onnx';
import { smallUnet } from './networks';

const unet = write(smallUnet(1));

/** The small U-Net's file after a change of its message. */
function changed(change: (model: ReturnType<typeof parse>) => void): Uint8Array<ArrayBuffer> {
  const model = parse();
  change(model);
  return toBinary(ModelProtoSchema, model) as Uint8Array<ArrayBuffer>;
}
const parse = () => fromBinary(ModelProtoSchema, unet);

describe('reading', () => {
  test('gives the signature, with dimensions by name', () => {
    const named = smallUnet(1);
    const inputs = named.inputs.map((i) => ({ ...i, shape: ['N', ...i.shape!.slice(1)] }));
    const graph = read(write({ ...named, inputs }), 'unet.onnx');
    expect(graph.inputs[0]).toEqual({ name: 'x', dataType: 'float32', shape: ['N', 2, 8, 8] });
    expect(graph.outputs.map((o) => o.name)).toEqual(['prediction']);
    expect(graph.opsets).toEqual({ '': 17 });
  });

  test('leaves weights where they are', () => {
    const { initializers } = read(unet);
    expect(initializers.size).toBeGreaterThan(30);
    for (const tensor of initializers.values()) expect(tensor.data.buffer).toBe(unet.buffer);
  });

  test('writing gives a file that reads the same', () => {
    const { initializers, ...graph } = read(unet);
    const bytes = write({ ...graph, initializers });
    const { initializers: again, ...other } = read(bytes);
    expect(other).toEqual(graph);
    expect([...again.keys()]).toEqual([...initializers.keys()]);
    for (const [name, { data, shape }] of initializers) {
      expect(again.get(name)!.shape).toEqual(shape);
      expect(Buffer.compare(again.get(name)!.data, data), name).toBe(0);
    }
    expect(bytes.length).toBe(unet.length);
  });

  test('understands every field that elements may be stored in', () => {
    const cases: [number, DataType, object, number[]][] = [
      [1, 'float32', { floatData: [1.5, -2] }, [1.5, -2]],
      [11, 'float64', { doubleData: [1.5, -2] }, [1.5, -2]],
      [7, 'int64', { int64Data: [5n, -6n] }, [5, -6]],
      [6, 'int32', { int32Data: [5, -6] }, [5, -6]],
      [9, 'bool', { int32Data: [1, 0] }, [1, 0]],
      [10, 'float16', { int32Data: [0x3c00, 0xc100] }, [1, -2.5]],
      [12, 'uint32', { uint64Data: [5n, 6n] }, [5, 6]],
    ];
    for (const [code, dataType, field, values] of cases) {
      const bytes = changed((model) => {
        const tensor = { name: 't', dims: [2n], dataType: code, ...field };
        model.graph!.initializer.push(create(TensorProtoSchema, tensor));
      });
      const tensor = read(bytes).initializers.get('t')!;
      expect(tensor.dataType).toBe(dataType);
      expect(tensorValues(tensor)).toEqual(values);
    }
  });
});

describe('refusing', () => {
  test('a truncated file, wherever it ends, by the name of the model', () => {
    for (const share of [0, 0.1, 0.5, 0.9, 0.999]) {
      const bytes = unet.subarray(0, Math.floor(unet.length * share));
      expect(() => read(bytes, 'cut.onnx')).toThrow(/ONNX model "cut\.onnx": .*truncated/);
    }
  });

  test('a file of another kind', () => {
    const text = new TextEncoder().encode('<!doctype html><title>404</title>');
    expect(() => read(text, 'page.onnx')).toThrow(/"page\.onnx".*not ONNX/);
  });

  test('a tensor that lacks bytes', () => {
    const bytes = changed((model) => {
      const tensor = model.graph!.initializer[0]!;
      tensor.rawData = tensor.rawData.slice(2);
    });
    expect(() => read(bytes)).toThrow(/tensor "embedding\.weight" \[8,8\] has 126 bytes/);
  });

  test('external data, by the name of its file', () => {
    const bytes = changed((model) => {
      const tensor = model.graph!.initializer[0]!;
      tensor.dataLocation = Location.EXTERNAL;
      tensor.externalData = [
        { $typeName: 'onnx.StringStringEntryProto', key: 'location', value: 'big.bin' },
      ];
    });
    expect(() => read(bytes)).toThrow(/external file \(big\.bin\), which was not given/);
  });

  test('a node that reads what nothing produces', () => {
    const bytes = changed((model) => {
      model.graph!.node[3]!.input[0] = 'nowhere';
    });
    expect(() => read(bytes)).toThrow(/reads "nowhere", which nothing produces/);
  });
});

test('every data type goes from numbers to bytes and back', () => {
  const types: DataType[] = ['float32', 'float64', 'float16', 'bfloat16', 'int64', 'int32'];
  const more: DataType[] = ['int16', 'int8', 'uint64', 'uint32', 'uint16', 'uint8', 'bool'];
  for (const type of [...types, ...more]) {
    const values = type === 'bool' ? [1, 0, 1] : [3, 0, 100];
    expect(tensorValues(makeTensor(values, [3, 1], type))).toEqual(values);
  }
});

test('fp16 rounds to nearest even', () => {
  const values = [1 + 2 ** -11, 1 + 3 * 2 ** -11, 65504, 65520, 2 ** -24, 2 ** -25, -0.1, 2047.5];
  const expected = [
    1,
    1 + 2 ** -9,
    65504,
    Number.POSITIVE_INFINITY,
    2 ** -24,
    0,
    -0.0999755859375,
    2048,
  ];
  expect(tensorValues(makeTensor(values, [8], 'float16'))).toEqual(expected);
});

test('an infinite bound of a slice stays the largest int64', () => {
  const g = new Expressions({ name: 'slice' });
  const bounds = [g.integers([1]), g.integers([2 ** 63])];
  g.output(g.op('Slice', [g.input('x', [5]), ...bounds]), 'y');
  const graph = read(write(g.build()));
  const end = graph.initializers.get(graph.nodes[0]!.inputs[2]!)!;
  expect(new DataView(end.data.buffer, end.data.byteOffset).getBigInt64(0, true)).toBe(
    2n ** 63n - 1n,
  );
});
