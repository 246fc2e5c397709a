/** Types of elementwise operators, of comparisons, casts and reductions. */
import { type DataType, intAttribute, intsAttribute, type TensorType } from '../graph/graph';
import { broadcastShapes, normalizeAxis } from '../graph/shape';
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
  const axes = site.constantIfPresent(1) ?? intsAttribute(site.node, 'axes') ?? [];
  if (axes.length > 0) return axes.map((axis) => normalizeAxis(axis, rank)).sort((a, b) => a - b);
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
      ...['Abs', 'Ceil', 'Clip', 'Cos', 'CumSum', 'Elu', 'Erf', 'Exp', 'Floor', 'Gelu'],
      ...['HardSigmoid', 'HardSwish', 'Identity', 'LeakyRelu', 'Log', 'LogSoftmax', 'Mish', 'Neg'],
      ...['Not', 'Reciprocal', 'Relu', 'Round', 'Selu', 'Sigmoid', 'Sign', 'Sin', 'Softmax'],
      ...['Softplus', 'Softsign', 'Sqrt', 'Swish', 'Tan', 'Tanh', 'Trilu'],
    ],
    sameAsFirst,
  ),
  ...all(
    ['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Mod', 'Min', 'Max', 'Sum', 'Mean', 'PRelu'],
    broadcast,
  ),
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
