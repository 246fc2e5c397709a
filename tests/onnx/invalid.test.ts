/** Models that are no models: each is refused by an OnnxError that names the node, before anything runs. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
} from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import {
  type AttributeInput,
  type DataType,
  differentiate,
  Expressions,
  type Graph,
  inferShapes,
  injectLora,
  makeTensor,
  type Node,
  OnnxError,
  read,
  write,
} from '#onnx';

type Typed = readonly number[] | readonly [shape: readonly number[], dataType: DataType];

/** What comes of one operator on inputs of the given shapes. */
function shapeOf(
  op: string,
  inputs: readonly Typed[],
  attributes: Record<string, AttributeInput> = {},
  ...constants: readonly (readonly number[])[]
): readonly number[] {
  const g = new Expressions({ name: 'g', opset: 18 });
  const values = inputs.map((typed, i) => {
    const [shape, dataType] = Array.isArray(typed[0])
      ? (typed as [number[], DataType])
      : [typed as number[], 'float32' as const];
    return g.input(`x${i}`, shape, dataType);
  });
  const rest = constants.map((list) => g.integers(list));
  return g.shape(g.op(op, [...values, ...rest], attributes, 'node'));
}

const refused: readonly [string, () => unknown, RegExp][] = [
  [
    'Concat of lengths that differ',
    () =>
      shapeOf(
        'Concat',
        [
          [2, 3],
          [3, 3],
        ],
        { axis: 1 },
      ),
    /cannot join \[2,3\] and \[3,3\]/,
  ],
  [
    'Concat of ranks that differ',
    () => shapeOf('Concat', [[2, 3], [3]], { axis: 0 }),
    /cannot join/,
  ],
  ['Concat without an axis', () => shapeOf('Concat', [[2], [3]]), /lacks the attribute "axis"/],
  [
    'Split into more than there is',
    () => shapeOf('Split', [[6]], {}, [4, 4]),
    /cannot split 6 elements/,
  ],
  [
    'MatMul of two types',
    () =>
      shapeOf('MatMul', [
        [2, 2],
        [[2, 2], 'float16'],
      ]),
    /mixes float32 and float16/,
  ],
  [
    'Add of float and integer',
    () => shapeOf('Add', [[2], [[2], 'int64']]),
    /mixes float32 and int64/,
  ],
  ['Add of one input', () => shapeOf('Add', [[2]]), /lacks input 1/],
  ['Add of three', () => shapeOf('Add', [[2], [2], [2]]), /has 3 inputs/],
  ['And of floats', () => shapeOf('And', [[2], [2]]), /does not take float32 as input 0/],
  ['Sigmoid of integers', () => shapeOf('Sigmoid', [[[2], 'int64']]), /does not take int64/],
  [
    'Squeeze of an axis that is not 1',
    () => shapeOf('Squeeze', [[2, 3]], {}, [0]),
    /cannot drop axis 0 of \[2,3\]/,
  ],
  [
    'Unsqueeze of an axis twice',
    () => shapeOf('Unsqueeze', [[2]], {}, [0, 0]),
    /names an axis twice/,
  ],
  [
    'Transpose by no order',
    () => shapeOf('Transpose', [[2, 3]], { perm: [0, 0] }),
    /no order of the axes/,
  ],
  [
    'Reshape to a fraction',
    () => shapeOf('Reshape', [[2, 3]], {}, [-1, 4]),
    /cannot reshape \[2,3\] to \[-1,4\]/,
  ],
  [
    'Reshape with two open lengths',
    () => shapeOf('Reshape', [[2, 3]], {}, [-1, -1]),
    /cannot reshape/,
  ],
  ['Reshape to another count', () => shapeOf('Reshape', [[2, 3]], {}, [5]), /cannot reshape/],
  [
    'Reshape of an axis that is not there',
    () => shapeOf('Reshape', [[6]], {}, [6, 0]),
    /cannot reshape/,
  ],
  [
    'Conv larger than its input',
    () =>
      shapeOf('Conv', [
        [1, 1, 2, 2],
        [1, 1, 5, 5],
      ]),
    /larger than the padded input/,
  ],
  [
    'Conv of other channels',
    () =>
      shapeOf('Conv', [
        [1, 2, 4, 4],
        [1, 3, 1, 1],
      ]),
    /does not fit \[1,2,4,4\]/,
  ],
  [
    'Conv with strides of another rank',
    () =>
      shapeOf(
        'Conv',
        [
          [1, 1, 4, 4],
          [1, 1, 1, 1],
        ],
        { strides: [1] },
      ),
    /strides \[1\] does not fit 2/,
  ],
  [
    'MaxPool larger than its input',
    () => shapeOf('MaxPool', [[1, 1, 2, 2]], { kernel_shape: [3, 3] }),
    /larger than the padded input/,
  ],
  [
    'AveragePool without a window',
    () => shapeOf('AveragePool', [[1, 1, 2, 2]]),
    /lacks the attribute "kernel_shape"/,
  ],
  [
    'Gemm of a bias that does not fit',
    () => shapeOf('Gemm', [[2, 3], [3, 4], [5]]),
    /do not broadcast/,
  ],
  [
    'Gather beyond its axis',
    () => shapeOf('Gather', [[3, 2]], {}, [3]),
    /index 3 lies outside an axis of 3/,
  ],
  ['Slice by a step of 0', () => shapeOf('Slice', [[5]], {}, [0], [3], [0], [0]), /a step is 0/],
  [
    'Slice with fewer ends',
    () => shapeOf('Slice', [[5, 5]], {}, [0, 0], [3]),
    /2 starts for 1 ends/,
  ],
  ['Pad with one number', () => shapeOf('Pad', [[5, 5]], {}, [1]), /has 1 pads for 2 axes/],
  [
    'Pad that leaves less than nothing',
    () => shapeOf('Pad', [[2]], {}, [-2, -2]),
    /would have the shape \[-2\]/,
  ],
  ['Tile by another rank', () => shapeOf('Tile', [[2]], {}, [2, 2]), /not one for each axis/],
  [
    'ReduceSum of an axis twice',
    () => shapeOf('ReduceSum', [[2, 2]], {}, [0, -2]),
    /reduces an axis twice/,
  ],
  [
    'DepthToSpace of odd channels',
    () => shapeOf('DepthToSpace', [[1, 6, 2, 2]], { blocksize: 2 }),
    /6 channels are no blocks/,
  ],
  [
    'Einsum of an axis without a name',
    () => shapeOf('Einsum', [[2, 3]], { equation: 'i->i' }),
    /does not name every axis/,
  ],
  [
    'Einsum of lengths that differ',
    () =>
      shapeOf(
        'Einsum',
        [
          [2, 3],
          [4, 2],
        ],
        { equation: 'ij,jk->ik' },
      ),
    /axis "j" has the lengths 3 and 4/,
  ],
  [
    'InstanceNormalization of other channels',
    () => shapeOf('InstanceNormalization', [[1, 3, 4], [2], [2]]),
    /input 1 has shape \[2\], not \[3\]/,
  ],
  [
    'LayerNormalization of another width',
    () => shapeOf('LayerNormalization', [[2, 4], [3]]),
    /do not broadcast/,
  ],
  [
    'an attribute of another kind',
    () => shapeOf('Softmax', [[2, 4]], { axis: [1] }),
    /attribute "axis" is of type ints, not int/,
  ],
  [
    'an axis that is not there',
    () => shapeOf('Softmax', [[2, 4]], { axis: 2 }),
    /axis 2 is out of range/,
  ],
];

describe('refused by name', () => {
  test.each(refused)('%s', (_, make, message) => {
    expect(make).toThrow(OnnxError);
    expect(make).toThrow(message);
  });

  test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    'an operator or a dimension called %s',
    (name) => {
      expect(() => shapeOf(name, [[2]])).toThrow(/does not support this operator/);
      const g = new Expressions({ name: 'g' });
      g.output(g.op('Relu', [g.input('x', [2])]), 'y');
      const inputs = [{ name: 'x', dataType: 'float32' as const, shape: [name] }];
      expect(() => inferShapes({ ...g.build(), inputs })).toThrow(/is unbound/);
    },
  );

  test('a length that is none', () => {
    const graph = relu(['N']);
    for (const N of [-1, 1.5, Number.NaN]) {
      expect(() => inferShapes(graph, { N })).toThrow(/cannot have the length/);
    }
  });
});

/** y = relu(x) of the given dimensions. */
function relu(shape: readonly (number | string)[] | undefined): Graph {
  const g = new Expressions({ name: 'g' });
  g.output(g.op('Relu', [g.input('x', [2])]), 'y');
  return { ...g.build(), inputs: [{ name: 'x', dataType: 'float32', ...(shape && { shape }) }] };
}

describe('dimensions', () => {
  test('of -1 are unknown, and can be bound by the name of the input', () => {
    const model = fromBinary(ModelProtoSchema, write(relu([2, 3])));
    const type = model.graph!.input[0]!.type!.value;
    if (type.case !== 'tensorType') throw new Error('no tensor');
    type.value.shape!.dim[0]!.value = { case: 'dimValue', value: -1n };
    const graph = read(toBinary(ModelProtoSchema, model) as Uint8Array<ArrayBuffer>);
    expect(graph.inputs[0]!.shape).toEqual(['', 3]);
    expect(() => inferShapes(graph)).toThrow(/dimension 0 of input "x" has no name and no length/);
    expect(inferShapes(graph, { x: [5, 3] }).outputs[0]!.shape).toEqual([5, 3]);
    expect(() => inferShapes(graph, { x: [5, 4] })).toThrow(/which \[5,4\] does not fit/);
  });

  test('that are not stated at all can be too', () => {
    expect(() => inferShapes(relu(undefined))).toThrow(/input "x" states no shape/);
    expect(inferShapes(relu(undefined), { x: [4] }).outputs[0]!.shape).toEqual([4]);
  });
});

describe('files', () => {
  const changed = (change: (model: ReturnType<typeof parse>) => void) => {
    const model = parse();
    change(model);
    return toBinary(ModelProtoSchema, model) as Uint8Array<ArrayBuffer>;
  };
  const parse = () => fromBinary(ModelProtoSchema, write(relu([2])));

  test('with a tensor of negative lengths', () => {
    const bytes = changed((model) => {
      const tensor = { name: 'w', dims: [-2n, -3n], dataType: 1, floatData: [1, 2, 3, 4, 5, 6] };
      model.graph!.initializer.push(create(TensorProtoSchema, tensor));
    });
    expect(() => read(bytes)).toThrow(/tensor "w" has shape \[-2,-3\]/);
  });

  test('with two tensors of one name', () => {
    const bytes = changed((model) => {
      const tensor = { name: 'w', dims: [1n], dataType: 1, floatData: [1] };
      for (let i = 0; i < 2; i++) {
        model.graph!.initializer.push(create(TensorProtoSchema, tensor));
      }
    });
    expect(() => read(bytes)).toThrow(/two tensors are called "w"/);
  });

  test('with a value that two nodes write', () => {
    const bytes = changed((model) => {
      model.graph!.node.push(create(NodeProtoSchema, { ...model.graph!.node[0]!, name: 'again' }));
    });
    expect(() => inferShapes(read(bytes))).toThrow(/already has a value/);
  });

  test('of an operator set before 7', () => {
    const bytes = changed((model) => {
      model.opsetImport[0]!.version = 6n;
    });
    expect(() => read(bytes, 'old.onnx')).toThrow(/"old\.onnx": operator set 6/);
  });

  test('with nodes of no name, of one name, and of a name that is made up for others', async () => {
    const bytes = changed((model) => {
      const [first] = model.graph!.node;
      const second = create(NodeProtoSchema, { ...first!, input: ['z'], output: ['w'], name: '' });
      const third = create(NodeProtoSchema, { ...first!, input: ['w'], output: ['v'], name: '' });
      first!.name = 'Relu_1';
      first!.output = ['z'];
      model.graph!.node = [first!, second, third];
      model.graph!.output[0]!.name = 'v';
    });
    const names = read(bytes).nodes.map((node) => node.name);
    expect(new Set(names).size).toBe(3);
    expect(names[0]).toBe('Relu_1');
  });

  test('with an attribute of a kind that is not read', () => {
    const bytes = changed((model) => {
      const odd = { name: 'odd', type: AttributeType.TENSORS };
      model.graph!.node[0]!.attribute = [create(AttributeProtoSchema, odd)];
    });
    expect(() => read(bytes)).toThrow(/attribute "odd" of a kind that is not supported/);
  });
});

test('a chain of 20,000 nodes between a weight and its product is followed', () => {
  const g = new Expressions({ name: 'chain' });
  const w = g.initializer('w', makeTensor([1, 2, 3, 4], [2, 2], 'float32'));
  g.output(g.matmul(g.input('x', [2, 2]), w), 'y');
  const graph = g.build();
  const nodes: Node[] = [];
  for (let i = 0; i < 20_000; i++) {
    const inputs = [i === 0 ? 'w' : `w${i}`];
    nodes.push({
      name: `c${i}`,
      op: 'Identity',
      domain: '',
      inputs,
      outputs: [`w${i + 1}`],
      attributes: {},
    });
  }
  const last = nodes.at(-1)!.outputs[0]!;
  const product = graph.nodes.map((n) =>
    n.op === 'MatMul' ? { ...n, inputs: [n.inputs[0]!, last] } : n,
  );
  const { layout, graph: adapted } = injectLora(
    { ...graph, nodes: [...nodes, ...product] },
    { targets: ['w'], rank: 1 },
  );
  expect(layout.map((entry) => entry.name)).toEqual(['w.A', 'w.B']);
  const { gradients } = differentiate(inferShapes(adapted), {
    ...{ of: { y: 'dy' }, withRespectTo: ['lora'] },
  });
  expect(gradients).toEqual({ lora: 'gradient/lora' });
});
