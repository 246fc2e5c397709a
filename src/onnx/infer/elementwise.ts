/** Types of elementwise operators, of comparisons, casts and reductions. */
import { type DataType, intAttribute, intsAttribute, type TensorType } from '../graph/graph';
import { broadcastShapes, normalizeAxis, sameShape } from '../graph/shape';
import { dataTypeOfCode } from '../graph/tensor';
import type { InferRule, Site } from './rule';

const sameAsFirst: InferRule = (site) => [site.type(0)];

const broadcastAll = (site: Site): number[] =>
  broadcastShapes(...Array.from({ length: site.inputCount }, (_, i) => site.shape(i)));

const broadcast: InferRule = (site) => [{ dataType: site.dataType(), shape: broadcastAll(site) }];

const truth: InferRule = (site) => [{ dataType: 'bool', shape: broadcastAll(site) }];

const cast: InferRule = (site) => {
  const code = intAttribute(site.node, 'to', 0);
  const dataType = dataTypeOfCode(code) ?? site.fail(`unknown element type ${code}`);
  return [{ dataType, shape: site.shape(0) }];
};

const castLike: InferRule = (site) => [{ dataType: site.dataType(1), shape: site.shape(0) }];

/**
 * The axes that a reduction runs over, sorted and non-negative. Newer operator sets pass them as an input,
 * older ones as an attribute; none means all, unless `noop_with_empty_axes`.
 */
export function reducedAxes(site: Site): number[] {
  const rank = site.shape(0).length;
  const given = site.constantIfPresent(1) ?? intsAttribute(site.node, 'axes') ?? [];
  const axes = given.map((axis) => normalizeAxis(axis, rank)).sort((a, b) => a - b);
  if (new Set(axes).size < axes.length) site.fail(`reduces an axis twice (${given})`);
  if (axes.length > 0) return axes;
  if (intAttribute(site.node, 'noop_with_empty_axes', 0)) return [];
  return Array.from({ length: rank }, (_, i) => i);
}

function reducedShape(shape: readonly number[], axes: readonly number[], keep: boolean): number[] {
  if (keep) return shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  return shape.filter((_, axis) => !axes.includes(axis));
}

const reduce: InferRule = (site) => {
  const keep = intAttribute(site.node, 'keepdims', 1) === 1;
  return [
    { dataType: site.dataType(), shape: reducedShape(site.shape(0), reducedAxes(site), keep) },
  ];
};

const argReduce: InferRule = (site) => {
  const axis = normalizeAxis(intAttribute(site.node, 'axis', 0), site.shape(0).length);
  const keep = intAttribute(site.node, 'keepdims', 1) === 1;
  return [{ dataType: 'int64', shape: reducedShape(site.shape(0), [axis], keep) }];
};

/** Draws of the shape of an input, or of the attribute `shape`. */
const draws: InferRule = (site) => {
  const shape = site.inputCount > 0 ? site.shape(0) : intsAttribute(site.node, 'shape')!;
  const code = intAttribute(site.node, 'dtype', 0);
  const like = site.inputCount > 0 ? site.dataType() : 'float32';
  const dataType = code === 0 ? like : dataTypeOfCode(code);
  return [{ dataType: dataType ?? site.fail(`unknown element type ${code}`), shape }];
};

/** PRelu: the slope broadcasts to x, not x to the slope. */
const prelu: InferRule = (site) => {
  const shape = broadcastAll(site);
  if (!sameShape(shape, site.shape(0))) {
    site.fail(`slope [${site.shape(1)}] does not broadcast to [${site.shape(0)}]`);
  }
  return [site.type(0)];
};

const trilu: InferRule = (site) => {
  if (site.shape(0).length < 2) site.fail(`needs a matrix, not [${site.shape(0)}]`);
  return [site.type(0)];
};

/** Functions along one axis. */
const alongAxis: InferRule = (site) => {
  normalizeAxis(intAttribute(site.node, 'axis', -1), site.shape(0).length);
  return [site.type(0)];
};

const where: InferRule = (site) => [{ dataType: site.dataType(1), shape: broadcastAll(site) }];

const dropout: InferRule = (site) => {
  const mask: TensorType = { dataType: 'bool' satisfies DataType, shape: site.shape(0) };
  return [site.type(0), mask];
};

const all = (ops: readonly string[], rule: InferRule): Record<string, InferRule> =>
  Object.fromEntries(ops.map((op) => [op, rule]));

export const elementwiseTypes: Readonly<Record<string, InferRule>> = {
  ...all(
    [
      ...['Abs', 'Acos', 'Acosh', 'Asin', 'Asinh', 'Atan', 'Atanh', 'Ceil', 'Celu', 'Clip', 'Cos'],
      ...['Cosh', 'CumSum', 'Elu', 'Erf', 'Exp', 'Floor', 'Gelu', 'HardSigmoid', 'HardSwish'],
      ...['Identity', 'LeakyRelu', 'Log', 'Mish', 'Neg', 'Not', 'Reciprocal', 'Relu', 'Round'],
      ...['Selu', 'Shrink', 'Sigmoid', 'Sign', 'Sin', 'Sinh', 'Softplus', 'Softsign', 'Sqrt'],
      ...['Swish', 'Tan', 'Tanh', 'ThresholdedRelu'],
    ],
    sameAsFirst,
  ),
  ...all(['Softmax', 'LogSoftmax', 'Hardmax'], alongAxis),
  ...all(
    ['RandomNormal', 'RandomNormalLike', 'RandomUniform', 'RandomUniformLike', 'Bernoulli'],
    draws,
  ),
  PRelu: prelu,
  Trilu: trilu,
  ...all(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Mod', 'Min', 'Max', 'Sum', 'Mean'], broadcast),
  ...all(
    [
      'Equal',
      'Less',
      'LessOrEqual',
      'Greater',
      'GreaterOrEqual',
      'And',
      'Or',
      'Xor',
      'IsNaN',
      'IsInf',
    ],
    truth,
  ),
  ...all(
    ['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceL1', 'ReduceL2'],
    reduce,
  ),
  ...all(['ReduceSumSquare', 'ReduceLogSumExp', 'ReduceLogSum'], reduce),
  ...all(['ArgMax', 'ArgMin'], argReduce),
  Cast: cast,
  CastLike: castLike,
  Where: where,
  Dropout: dropout,
};
