/** Types of matrix products, convolutions, pooling, resampling and normalisation. */
import { intAttribute, intsAttribute, stringAttribute, type TensorType } from '../graph/graph';
import { broadcastShapes, normalizeAxis } from '../graph/shape';
import { einsumShape } from './einsum';
import type { InferRule, Site } from './rule';
import { transposedWindow, window } from './window';

const one = (site: Site, shape: readonly number[]): TensorType[] => [
  { dataType: site.dataType(), shape },
];

function matMulShape(a: readonly number[], b: readonly number[], site: Site): number[] {
  const left = a.length === 1 ? [1, a[0]!] : a;
  const right = b.length === 1 ? [b[0]!, 1] : b;
  if (left.at(-1) !== right.at(-2)) site.fail(`cannot multiply [${a}] by [${b}]`);
  const shape = broadcastShapes(left.slice(0, -2), right.slice(0, -2));
  if (a.length > 1) shape.push(left.at(-2)!);
  if (b.length > 1) shape.push(right.at(-1)!);
  return shape;
}

const pool: InferRule = (site) => {
  const { output } = window(site, intsAttribute(site.node, 'kernel_shape') ?? []);
  const type = { dataType: site.dataType(), shape: [...site.shape(0).slice(0, 2), ...output] };
  return [type, { ...type, dataType: 'int64' }];
};

const globalPool: InferRule = (site) =>
  one(
    site,
    site.shape(0).map((length, axis) => (axis < 2 ? length : 1)),
  );

const resize: InferRule = (site) => {
  const shape = site.shape(0);
  const axes = intsAttribute(site.node, 'axes')?.map((axis) => normalizeAxis(axis, shape.length));
  if (stringAttribute(site.node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch') {
    site.fail('keep_aspect_ratio_policy is not supported');
  }
  const sizes = site.optionalConstant(3)?.values;
  const scales = site.optionalConstant(2)?.values;
  const result = [...shape];
  (axes ?? shape.map((_, i) => i)).forEach((axis, i) => {
    if (sizes?.length) result[axis] = sizes[i]!;
    else if (scales?.length) result[axis] = Math.floor(shape[axis]! * scales[i]!);
    else site.fail('needs constant scales or sizes');
  });
  return one(site, result);
};

const layerNormalization: InferRule = (site) => {
  const shape = site.shape(0);
  const axis = normalizeAxis(intAttribute(site.node, 'axis', -1), shape.length);
  const rows = { dataType: site.dataType(), shape: shape.map((d, i) => (i < axis ? d : 1)) };
  return [site.type(0), rows, rows];
};

const sameAsFirst: InferRule = (site) => [site.type(0)];

export const networkTypes: Readonly<Record<string, InferRule>> = {
  MatMul: (site) => one(site, matMulShape(site.shape(0), site.shape(1), site)),
  Gemm: (site) => {
    const [a, b] = [site.shape(0), site.shape(1)];
    const [k, transA] = [a[0], intAttribute(site.node, 'transA', 0)];
    const rows = transA ? a[1]! : a[0]!;
    const inner = transA ? k : a[1];
    const transB = intAttribute(site.node, 'transB', 0);
    if (inner !== (transB ? b[1] : b[0])) site.fail(`cannot multiply [${a}] by [${b}]`);
    return one(site, [rows, transB ? b[0]! : b[1]!]);
  },
  Einsum: (site) => {
    const shapes = site.node.inputs.map((_, i) => site.shape(i));
    return one(site, einsumShape(stringAttribute(site.node, 'equation', ''), shapes));
  },
  Conv: (site) => {
    const weight = site.shape(1);
    const { output } = window(site, weight.slice(2));
    return one(site, [site.shape(0)[0]!, weight[0]!, ...output]);
  },
  ConvTranspose: (site) => {
    const weight = site.shape(1);
    const { output } = transposedWindow(site, weight.slice(2));
    const group = intAttribute(site.node, 'group', 1);
    return one(site, [site.shape(0)[0]!, weight[1]! * group, ...output]);
  },
  AveragePool: (site) => pool(site).slice(0, 1),
  MaxPool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  Resize: resize,
  LayerNormalization: layerNormalization,
  RMSNormalization: sameAsFirst,
  InstanceNormalization: sameAsFirst,
  GroupNormalization: sameAsFirst,
  BatchNormalization: sameAsFirst,
  LpNormalization: sameAsFirst,
  DequantizeLinear: (site) => [{ dataType: site.dataType(1), shape: site.shape(0) }],
};
