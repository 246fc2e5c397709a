/** Types of matrix products, convolutions, pooling, resampling and normalisation. */
import { intAttribute, intsAttribute, stringAttribute, type TensorType } from '../graph/graph';
import { broadcastShapes, normalizeAxis, sameShape } from '../graph/shape';
import { dataTypeOfCode } from '../graph/tensor';
import { einsumShape } from './einsum';
import type { InferRule, Site } from './rule';
import { transposedWindow, window } from './window';

const one = (site: Site, shape: readonly number[]): TensorType[] => [
  { dataType: site.dataType(), shape },
];

function matMulShape(a: readonly number[], b: readonly number[], site: Site): number[] {
  if (a.length === 0 || b.length === 0) site.fail(`cannot multiply [${a}] by [${b}]`);
  const left = a.length === 1 ? [1, a[0]!] : a;
  const right = b.length === 1 ? [b[0]!, 1] : b;
  if (left.at(-1) !== right.at(-2)) site.fail(`cannot multiply [${a}] by [${b}]`);
  const shape = broadcastShapes(left.slice(0, -2), right.slice(0, -2));
  if (a.length > 1) shape.push(left.at(-2)!);
  if (b.length > 1) shape.push(right.at(-1)!);
  return shape;
}

/** @throws {OnnxError} unless a value, if it is there, has the shape. */
function expectShape(site: Site, index: number, shape: readonly number[]): void {
  const found = site.optionalType(index)?.shape;
  if (found && !sameShape(found, shape)) {
    site.fail(`input ${index} has shape [${found}], not [${shape}]`);
  }
}

const pool: InferRule = (site) => {
  const { output } = window(site, intsAttribute(site.node, 'kernel_shape') ?? []);
  const type = { dataType: site.dataType(), shape: [...site.shape(0).slice(0, 2), ...output] };
  return [type, { ...type, dataType: 'int64' }];
};

const globalPool: InferRule = (site) => {
  if (site.shape(0).length < 3) site.fail(`needs [N, C, spatial...], not [${site.shape(0)}]`);
  return one(
    site,
    site.shape(0).map((length, axis) => (axis < 2 ? length : 1)),
  );
};

/** Channels of x [N, C, spatial...], the weight's and the bias's must agree. */
function checkChannels(site: Site, channels: number, outputs: number): number {
  const group = intAttribute(site.node, 'group', 1);
  const [x, weight] = [site.shape(0), site.shape(1)];
  const fits = x[1] === channels && x.length === weight.length && outputs % group === 0;
  if (!fits || weight.length < 3) {
    site.fail(`weight [${weight}] of ${group} groups does not fit [${x}]`);
  }
  expectShape(site, 2, [outputs]);
  return group;
}

const resize: InferRule = (site) => {
  const shape = site.shape(0);
  const axes = intsAttribute(site.node, 'axes')?.map((axis) => normalizeAxis(axis, shape.length));
  if (stringAttribute(site.node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch') {
    site.fail('keep_aspect_ratio_policy is not supported');
  }
  const sizes = site.constantIfPresent(3);
  const scales = site.constantIfPresent(2);
  const given = sizes?.length
    ? sizes
    : scales?.length
      ? scales
      : site.fail('has no scales or sizes');
  const resized = axes ?? shape.map((_, i) => i);
  if (given.length !== resized.length || given.some((value) => value <= 0)) {
    site.fail(`cannot resize [${shape}] by [${given}]`);
  }
  const result = [...shape];
  resized.forEach((axis, i) => {
    result[axis] = sizes?.length ? given[i]! : Math.floor(shape[axis]! * given[i]!);
  });
  return one(site, result);
};

const layerNormalization: InferRule = (site) => {
  const shape = site.shape(0);
  const axis = normalizeAxis(intAttribute(site.node, 'axis', -1), shape.length);
  for (const index of [1, 2]) {
    const affine = site.optionalType(index)?.shape;
    if (affine && !sameShape(broadcastShapes(affine, shape), shape)) {
      site.fail(`input ${index} [${affine}] does not broadcast to [${shape}]`);
    }
  }
  const wide = dataTypeOfCode(intAttribute(site.node, 'stash_type', 1)) ?? 'float32';
  const dataType = site.dataType() === 'float64' ? 'float64' : wide;
  const rows = { dataType, shape: shape.map((d, i) => (i < axis ? d : 1)) };
  return [site.type(0), rows, rows];
};

/** Of [N, C, spatial...], with one number for each channel in the other inputs. */
const perChannel: InferRule = (site) => {
  const [, channels] = site.shape(0);
  if (channels === undefined) site.fail(`needs [N, C, spatial...], not [${site.shape(0)}]`);
  for (let i = 1; i < site.inputCount; i++) expectShape(site, i, [channels!]);
  return [site.type(0)];
};

const batchNormalization: InferRule = (site) => {
  if (intAttribute(site.node, 'training_mode', 0)) {
    site.fail('is in training mode: export the model for inference');
  }
  return perChannel(site);
};

const groupNormalization: InferRule = (site) => {
  const [, channels = 0] = site.shape(0);
  const groups = intAttribute(site.node, 'num_groups', 1);
  if (site.shape(0).length < 3 || groups < 1 || channels % groups !== 0) {
    site.fail(`cannot make ${groups} groups of the channels of [${site.shape(0)}]`);
  }
  for (const index of [1, 2]) {
    const { shape } = site.type(index);
    if (!sameShape(shape, [channels]) && !sameShape(shape, [groups])) {
      site.fail(`input ${index} has shape [${shape}], not [${channels}]`);
    }
  }
  return [site.type(0)];
};

const sameAsFirst: InferRule = (site) => [site.type(0)];

export const networkTypes: Readonly<Record<string, InferRule>> = {
  MatMul: (site) => one(site, matMulShape(site.shape(0), site.shape(1), site)),
  Gemm: (site) => {
    const [a, b] = [site.shape(0), site.shape(1)];
    if (a.length !== 2 || b.length !== 2) site.fail(`needs matrices, not [${a}] and [${b}]`);
    const [k, transA] = [a[0], intAttribute(site.node, 'transA', 0)];
    const rows = transA ? a[1]! : a[0]!;
    const inner = transA ? k : a[1];
    const transB = intAttribute(site.node, 'transB', 0);
    if (inner !== (transB ? b[1] : b[0])) site.fail(`cannot multiply [${a}] by [${b}]`);
    const shape = [rows, transB ? b[0]! : b[1]!];
    const bias = site.optionalType(2)?.shape ?? [];
    if (!sameShape(broadcastShapes(bias, shape), shape)) {
      site.fail(`bias [${bias}] does not broadcast to [${shape}]`);
    }
    return one(site, shape);
  },
  Einsum: (site) => {
    const shapes = site.node.inputs.map((_, i) => site.shape(i));
    return one(site, einsumShape(stringAttribute(site.node, 'equation', ''), shapes));
  },
  Conv: (site) => {
    const weight = site.shape(1);
    const group = intAttribute(site.node, 'group', 1);
    checkChannels(site, weight[1]! * group, weight[0]!);
    const { output } = window(site, weight.slice(2));
    return one(site, [site.shape(0)[0]!, weight[0]!, ...output]);
  },
  ConvTranspose: (site) => {
    const weight = site.shape(1);
    const group = intAttribute(site.node, 'group', 1);
    checkChannels(site, weight[0]!, weight[1]! * group);
    const { output } = transposedWindow(site, weight.slice(2));
    return one(site, [site.shape(0)[0]!, weight[1]! * group, ...output]);
  },
  AveragePool: (site) => pool(site).slice(0, 1),
  MaxPool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  Resize: resize,
  LayerNormalization: layerNormalization,
  RMSNormalization: sameAsFirst,
  MeanVarianceNormalization: sameAsFirst,
  InstanceNormalization: perChannel,
  GroupNormalization: groupNormalization,
  BatchNormalization: batchNormalization,
  LpNormalization: sameAsFirst,
  DequantizeLinear: (site) => {
    const code = intAttribute(site.node, 'output_dtype', 0);
    const dataType = code === 0 ? site.dataType(1) : dataTypeOfCode(code);
    return [
      { dataType: dataType ?? site.fail(`unknown element type ${code}`), shape: site.shape(0) },
    ];
  },
};
