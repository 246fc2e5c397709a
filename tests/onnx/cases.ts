/** One operator per case, with shapes that are odd, broadcast, or at the edge: what the gradient rules are tested on. */
import { type AttributeInput, Expressions, float, type Value } from '#onnx';

type Shape = readonly number[];

export interface Case {
  readonly op: string;
  /** Shapes of the float inputs, which are differentiated by. */
  readonly shapes: readonly Shape[];
  readonly attributes?: Record<string, AttributeInput>;
  /** Range of the inputs. */
  readonly range?: readonly [number, number];
  /** Further, constant inputs. */
  readonly rest?: (g: Expressions) => readonly Value[];
  /** Constant inputs before the differentiable ones. */
  readonly first?: (g: Expressions) => readonly Value[];
  readonly outputs?: number;
  readonly opset?: number;
  readonly note?: string;
  /** Step of the differences; small where the operator has kinks. */
  readonly epsilon?: number;
}

export const names = ['a', 'b', 'c', 'd'];

/** One operator; of several outputs, the concatenation along the last axis but with different factors. */
export function graphOf({
  op,
  shapes,
  attributes = {},
  rest,
  first,
  outputs = 1,
  opset = 18,
}: Case) {
  const g = new Expressions({ name: op, opset });
  const inputs = shapes.map((shape, i) => g.input(names[i]!, shape));
  const all = [...(first?.(g) ?? []), ...inputs, ...(rest?.(g) ?? [])];
  const values = g.ops(op, all, outputs, attributes);
  const size = (value: Value) => g.shape(value).reduce((a, b) => a * b, 1);
  const flat = values.map((value, i) => g.scale(g.reshape(value, [size(value)]), i + 1));
  g.output(outputs === 1 ? values[0]! : g.concat(flat, 0), 'y');
  return g.build();
}

export const title = ({ op, shapes, attributes, note }: Case) =>
  `${op} ${shapes.map((s) => `[${s}]`).join(' ')} ${attributes ? JSON.stringify(attributes) : ''} ${note ?? ''}`;

const ints =
  (...lists: number[][]) =>
  (g: Expressions) =>
    lists.map((list) => g.integers(list));

const elementwise: readonly Case[] = [
  { op: 'Add', shapes: [[2, 3], [3]] },
  { op: 'Add', shapes: [[5], []] },
  {
    op: 'Sub',
    shapes: [
      [2, 1, 3],
      [4, 1],
    ],
  },
  {
    op: 'Mul',
    shapes: [
      [2, 3, 1],
      [1, 5],
    ],
  },
  { op: 'Mul', shapes: [[1], [3, 1]] },
  { op: 'Div', shapes: [[3, 2], [2]], range: [0.5, 1.5] },
  { op: 'Pow', shapes: [[3], [2, 3]], range: [0.5, 1.5] },
  { op: 'Pow', shapes: [[7]], rest: (g) => [g.constant(2)] },
  { op: 'Pow', shapes: [[7]], rest: (g) => [g.constant(3)] },
  { op: 'Pow', shapes: [[7]], rest: (g) => [g.constant(0.5)], range: [0.5, 2] },
  { op: 'Min', shapes: [[2, 3], [3]] },
  { op: 'Max', shapes: [[9], [9], [1]], epsilon: 1e-3 },
  { op: 'Sum', shapes: [[4], [2, 4], [1]] },
  { op: 'Neg', shapes: [[3]] },
  { op: 'Abs', shapes: [[2, 5]] },
  { op: 'Reciprocal', shapes: [[5]], range: [0.5, 2] },
  { op: 'Sqrt', shapes: [[5]], range: [0.5, 2] },
  { op: 'Exp', shapes: [[5]] },
  { op: 'Log', shapes: [[5]], range: [0.5, 2] },
  { op: 'Sin', shapes: [[5]] },
  { op: 'Cos', shapes: [[5]] },
  { op: 'Erf', shapes: [[9]] },
  { op: 'Tanh', shapes: [[9]] },
  { op: 'Sigmoid', shapes: [[9]] },
  { op: 'Softplus', shapes: [[9]] },
  { op: 'Relu', shapes: [[11]] },
  { op: 'LeakyRelu', shapes: [[11]], attributes: { alpha: float(0.2) } },
  { op: 'Elu', shapes: [[11]], attributes: { alpha: float(0.7) } },
  { op: 'Gelu', shapes: [[11]], opset: 20, range: [-2, 2] },
  { op: 'Gelu', shapes: [[11]], opset: 20, attributes: { approximate: 'tanh' } },
  { op: 'Clip', shapes: [[11]], rest: (g) => [g.constant(-0.4), g.constant(0.3)], epsilon: 1e-3 },
  { op: 'Clip', shapes: [[11]], rest: (g) => ['', g.constant(0.3)], note: 'no lower bound' },
  { op: 'Identity', shapes: [[3]] },
  { op: 'Dropout', shapes: [[5]] },
  { op: 'CastLike', shapes: [[5]], rest: (g) => [g.constant(1)] },
  { op: 'Swish', shapes: [[11]], attributes: { alpha: float(1.5) }, opset: 24, range: [-3, 3] },
  {
    op: 'Where',
    shapes: [[2, 3], [3]],
    first: (g) => [g.constant([1, 0, 1, 1, 0, 0], [2, 3], 'bool')],
  },
];

const products: readonly Case[] = [
  {
    op: 'MatMul',
    shapes: [
      [3, 5],
      [5, 2],
    ],
  },
  {
    op: 'MatMul',
    shapes: [
      [2, 3, 5],
      [5, 4],
    ],
  },
  {
    op: 'MatMul',
    shapes: [
      [2, 3, 5],
      [2, 5, 1],
    ],
  },
  {
    op: 'MatMul',
    shapes: [
      [3, 1, 2, 5],
      [2, 5, 4],
    ],
    note: 'both broadcast',
  },
  { op: 'MatMul', shapes: [[5], [5, 3]] },
  { op: 'MatMul', shapes: [[3, 5], [5]] },
  { op: 'MatMul', shapes: [[2, 3, 5], [5]] },
  { op: 'MatMul', shapes: [[5], [2, 5, 3]] },
  { op: 'MatMul', shapes: [[5], [5]] },
  { op: 'Gemm', shapes: [[3, 5], [5, 2], [2]] },
  {
    op: 'Gemm',
    shapes: [
      [5, 3],
      [2, 5],
      [3, 1],
    ],
    attributes: { transA: 1, transB: 1, alpha: float(0.5), beta: float(2) },
  },
  {
    op: 'Gemm',
    shapes: [
      [3, 5],
      [2, 5],
    ],
    attributes: { transB: 1 },
  },
  { op: 'Gemm', shapes: [[5, 3], [5, 2], []], attributes: { transA: 1 } },
  {
    op: 'Einsum',
    shapes: [
      [2, 3, 4],
      [2, 5, 4],
    ],
    attributes: { equation: 'bik,bjk->bij' },
  },
  { op: 'Einsum', shapes: [[2, 3], [3, 4], [2]], attributes: { equation: 'ij,jk,i->k' } },
  {
    op: 'Einsum',
    shapes: [
      [2, 3],
      [4, 3],
    ],
    attributes: { equation: 'ij,kj->k' },
    note: 'i summed in one',
  },
];

const reductions: readonly Case[] = [
  { op: 'ReduceSum', shapes: [[2, 3, 4]], rest: ints([1, -1]), attributes: { keepdims: 0 } },
  { op: 'ReduceSum', shapes: [[2, 3]], attributes: { keepdims: 0 }, note: 'all axes' },
  { op: 'ReduceMean', shapes: [[2, 3, 5]], rest: ints([-2]) },
  { op: 'ReduceMean', shapes: [[2, 3, 5]], attributes: { axes: [0, 2], keepdims: 0 }, opset: 17 },
  { op: 'ReduceMax', shapes: [[3, 5]], rest: ints([1]) },
  {
    op: 'ReduceMin',
    shapes: [[3, 5]],
    epsilon: 1e-3,
    rest: ints([0]),
    attributes: { keepdims: 0 },
  },
  { op: 'ReduceSumSquare', shapes: [[3, 5]], rest: ints([1]) },
  { op: 'ReduceL2', shapes: [[3, 5]], rest: ints([1]) },
  { op: 'ReduceL1', shapes: [[3, 5]], rest: ints([1]) },
  { op: 'ReduceLogSumExp', shapes: [[3, 5]], rest: ints([1]) },
  { op: 'ReduceProd', shapes: [[3, 2]], rest: ints([1]), range: [0.5, 1.5] },
  { op: 'Softmax', shapes: [[2, 3, 5]] },
  { op: 'Softmax', shapes: [[2, 3, 5]], attributes: { axis: -2 } },
  { op: 'LogSoftmax', shapes: [[3, 5]] },
  { op: 'LogSoftmax', shapes: [[3, 5]], attributes: { axis: 0 } },
];

const normalisations: readonly Case[] = [
  { op: 'LayerNormalization', shapes: [[2, 3, 7], [7], [7]] },
  {
    op: 'LayerNormalization',
    shapes: [
      [2, 3, 5],
      [3, 5],
    ],
    attributes: { axis: 1, epsilon: float(0.01) },
  },
  { op: 'InstanceNormalization', shapes: [[2, 3, 5, 3], [3], [3]] },
  {
    op: 'InstanceNormalization',
    shapes: [[2, 3, 7], [3], [3]],
    attributes: { epsilon: float(0.1) },
  },
  {
    op: 'BatchNormalization',
    shapes: [[2, 3, 2, 2], [3], [3]],
    rest: (g) => [g.constant([0.1, -0.2, 0.3]), g.constant([0.5, 1, 2])],
  },
  { op: 'RMSNormalization', shapes: [[2, 3, 7], [7]], opset: 23 },
];

const conv = (
  shapes: Shape[],
  attributes: Record<string, AttributeInput> = {},
  op = 'Conv',
): Case => ({ op, shapes, attributes });
const transposed = (shapes: Shape[], attributes: Record<string, AttributeInput> = {}) =>
  conv(shapes, attributes, 'ConvTranspose');
const convolutions: readonly Case[] = [
  conv([[2, 3, 5, 4], [2, 3, 3, 3], [2]], { pads: [1, 1, 1, 1] }),
  conv([
    [1, 2, 5, 5],
    [3, 2, 3, 3],
  ]),
  conv([[2, 3, 3, 5], [4, 3, 1, 1], [4]]),
  conv([[1, 2, 6, 6], [3, 2, 3, 3], [3]], { pads: [1, 1, 1, 1], strides: [2, 2] }),
  conv(
    [
      [1, 2, 7, 5],
      [3, 2, 3, 3],
    ],
    { pads: [1, 1, 1, 1], strides: [2, 2] },
  ),
  conv(
    [
      [1, 2, 7, 6],
      [2, 2, 2, 2],
    ],
    { strides: [2, 2] },
  ),
  conv(
    [
      [1, 2, 7, 8],
      [2, 2, 1, 1],
    ],
    { strides: [2, 2] },
  ),
  conv(
    [
      [1, 1, 9, 8],
      [2, 1, 4, 3],
    ],
    { strides: [3, 2], pads: [2, 0, 1, 3] },
  ),
  conv(
    [
      [1, 1, 9, 7],
      [1, 1, 3, 2],
    ],
    { dilations: [2, 3], pads: [2, 1, 0, 2] },
  ),
  conv(
    [
      [1, 1, 9, 9],
      [1, 1, 3, 3],
    ],
    { dilations: [2, 2], strides: [2, 3], pads: [1, 1, 1, 1] },
  ),
  conv([[2, 4, 4, 3], [6, 2, 3, 3], [6]], { group: 2, pads: [1, 1, 1, 1] }),
  conv(
    [
      [1, 4, 5, 4],
      [4, 1, 3, 3],
    ],
    { group: 4, pads: [1, 1, 1, 1], strides: [2, 2] },
  ),
  conv(
    [
      [1, 1, 3, 3],
      [1, 1, 2, 2],
    ],
    { pads: [3, 3, 3, 3] },
  ),
  conv(
    [
      [1, 2, 6, 5],
      [2, 2, 3, 3],
    ],
    { auto_pad: 'SAME_UPPER', strides: [2, 2] },
  ),
  conv([[2, 2, 9], [3, 2, 3], [3]], { pads: [1, 1], strides: [2] }),
  conv(
    [
      [2, 2, 9],
      [3, 2, 3],
    ],
    { pads: [1, 1] },
  ),
  transposed([[1, 3, 3, 4], [3, 2, 3, 3], [2]], { pads: [1, 1, 1, 1] }),
  transposed(
    [
      [2, 2, 3, 3],
      [2, 3, 2, 2],
    ],
    { strides: [2, 2] },
  ),
  transposed(
    [
      [1, 2, 3, 3],
      [2, 2, 3, 3],
    ],
    { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] },
  ),
  transposed(
    [
      [1, 4, 3, 2],
      [4, 1, 3, 3],
    ],
    { strides: [2, 1], group: 2 },
  ),
];

const resize = (
  scales: number[],
  attributes: Record<string, AttributeInput>,
  shape: Shape = [1, 2, 3, 4],
): Case => ({
  op: 'Resize',
  shapes: [shape],
  attributes,
  rest: (g) => ['', g.constant(scales)],
  note: `${scales}`,
});
const resampling: readonly Case[] = [
  {
    op: 'AveragePool',
    shapes: [[1, 2, 4, 6]],
    attributes: { kernel_shape: [2, 3], strides: [2, 3] },
  },
  {
    op: 'AveragePool',
    shapes: [[1, 1, 5, 6]],
    attributes: { kernel_shape: [3, 3], strides: [2, 1], pads: [1, 1, 1, 1] },
  },
  {
    op: 'AveragePool',
    shapes: [[1, 1, 5, 6]],
    attributes: { kernel_shape: [3, 3], pads: [1, 0, 1, 2], count_include_pad: 1 },
  },
  {
    op: 'MaxPool',
    shapes: [[1, 2, 4, 6]],
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
  },
  { op: 'GlobalAveragePool', shapes: [[2, 3, 3, 5]] },
  { op: 'GlobalMaxPool', shapes: [[2, 3, 3, 2]] },
  resize([1, 1, 2, 2], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  }),
  resize([1, 1, 2, 3], { mode: 'nearest' }),
  resize([1, 1, 0.5, 2], { mode: 'nearest' }, [1, 2, 4, 3]),
  resize([1, 1, 2, 2], { mode: 'linear' }),
  resize([1, 1, 1.7, 2.4], {
    mode: 'linear',
    coordinate_transformation_mode: 'pytorch_half_pixel',
  }),
  resize([1, 1, 2, 1.5], { mode: 'linear', coordinate_transformation_mode: 'align_corners' }),
  {
    op: 'Resize',
    shapes: [[1, 2, 3, 4]],
    attributes: { mode: 'linear' },
    rest: (g) => ['', '', g.integers([1, 2, 7, 2])],
    note: 'sizes',
  },
];

const layout: readonly Case[] = [
  { op: 'Reshape', shapes: [[2, 3, 4]], rest: ints([0, -1]) },
  { op: 'Flatten', shapes: [[2, 3, 4]], attributes: { axis: -1 } },
  { op: 'Squeeze', shapes: [[2, 1, 3]], rest: ints([-2]) },
  { op: 'Squeeze', shapes: [[2, 1, 3, 1]] },
  { op: 'Unsqueeze', shapes: [[2, 3]], rest: ints([0, -1]) },
  { op: 'Expand', shapes: [[3, 1]], rest: ints([2, 1, 4]) },
  { op: 'Tile', shapes: [[2, 3]], rest: ints([3, 2]) },
  { op: 'Transpose', shapes: [[2, 3, 4]], attributes: { perm: [1, 2, 0] } },
  { op: 'Transpose', shapes: [[2, 3, 4]] },
  {
    op: 'Concat',
    shapes: [
      [2, 1],
      [2, 3],
      [2, 2],
    ],
    attributes: { axis: -1 },
  },
  { op: 'Split', shapes: [[2, 7]], attributes: { axis: -1 }, rest: ints([3, 4]), outputs: 2 },
  { op: 'Split', shapes: [[7, 2]], attributes: { num_outputs: 3 }, outputs: 3 },
  { op: 'Slice', shapes: [[4, 7]], rest: ints([1, -5], [3, -1]) },
  { op: 'Slice', shapes: [[4, 7]], rest: ints([2], [1000], [-1]) },
  { op: 'Slice', shapes: [[4, 7]], rest: ints([1], [7], [1], [3]) },
  { op: 'Slice', shapes: [[4, 7]], rest: ints([-1, 3], [-1000, 0], [1, 0], [-2, -1]) },
  {
    op: 'Gather',
    shapes: [[3, 4, 2]],
    rest: (g) => [g.constant([2, 0, -2, 2, 2, 1], [2, 3], 'int64')],
    attributes: { axis: 1 },
  },
  {
    op: 'Gather',
    shapes: [[3, 4]],
    rest: (g) => [g.constant(-1, [], 'int64')],
    attributes: { axis: -1 },
  },
  { op: 'Gather', shapes: [[5, 2]], rest: ints([1, 2, 3]) },
  {
    op: 'GatherElements',
    shapes: [[2, 3]],
    rest: (g) => [g.constant([2, 0, 1, 1], [2, 2], 'int64')],
    attributes: { axis: 1 },
  },
  { op: 'Pad', shapes: [[2, 3]], rest: ints([1, 0, 2, 3]) },
  { op: 'Pad', shapes: [[4, 5]], rest: ints([-1, 1, 0, -2]) },
  {
    op: 'Pad',
    shapes: [[4, 5]],
    rest: (g) => [g.integers([2, 1]), '', g.integers([-1])],
    note: 'axes',
  },
  { op: 'DepthToSpace', shapes: [[1, 8, 2, 3]], attributes: { blocksize: 2 } },
  { op: 'DepthToSpace', shapes: [[1, 8, 2, 3]], attributes: { blocksize: 2, mode: 'CRD' } },
  { op: 'SpaceToDepth', shapes: [[1, 2, 4, 6]], attributes: { blocksize: 2 } },
  { op: 'Trilu', shapes: [[3, 3]], attributes: { upper: 0 } },
];

export const families = {
  elementwise,
  products,
  reductions,
  normalisations,
  convolutions,
  resampling,
  layout,
} as const;
