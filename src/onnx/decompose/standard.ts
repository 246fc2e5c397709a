/** Standard operators that are read as plainer ones, because runtimes lack them on some of their execution providers. */
import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../graph/graph';
import { normalizeAxis } from '../graph/shape';
import type { Decomposition } from './decomposition';

/**
 * Group normalisation (Wu and He 2018) of [N, C, spatial...] as an InstanceNormalization of groups, then scale and
 * bias: per channel from operator set 21 on, per group before.
 */
const groupNormalization: Decomposition = (g, node) => {
  const [x, scale, bias] = node.inputs as [string, string, string];
  const [y] = node.outputs as [string];
  const [n, c, ...spatial] = g.shape(x) as [number, number, ...number[]];
  const groups = intAttribute(node, 'num_groups', 1);
  const { dataType } = g.type(x);
  const fill = (value: number) => g.constant(new Array(groups).fill(value), [groups], dataType);
  const epsilon = { type: 'float', value: floatAttribute(node, 'epsilon', 1e-5) } as const;
  const grouped = g.op('Reshape', [x, g.integers([n, groups, -1])]);
  const normal = g.op('InstanceNormalization', [grouped, fill(1), fill(0)], { epsilon });

  const perGroup = g.shape(scale)[0] === groups && groups !== c;
  const affine = (value: string) => {
    const tail = perGroup ? [1] : spatial.map(() => 1);
    return g.op('Reshape', [value, g.integers([-1, ...tail])]);
  };
  const whole = g.integers([n, c, ...spatial]);
  const shaped = perGroup ? normal : g.op('Reshape', [normal, whole]);
  const scaled = g.op('Mul', [shaped, affine(scale)]);
  if (perGroup) {
    g.op('Reshape', [g.op('Add', [scaled, affine(bias)]), whole], {}, y);
  } else {
    g.op('Add', [scaled, affine(bias)], {}, y);
  }
  return true;
};

/**
 * SpaceToDepth of [N, C, H, W] as a transposition of axes. Channels of the result count (dy, dx, c), a position in the
 * block first; in mode CRD (c, dy, dx).
 */
const spaceToDepth: Decomposition = (g, node) => {
  const [x] = node.inputs as [string];
  const [n, c, h, w] = g.shape(x) as [number, number, number, number];
  const block = intAttribute(node, 'blocksize', 1);
  const mode = stringAttribute(node, 'mode', 'DCR');
  if (mode !== 'DCR' && mode !== 'CRD') return false;
  const split = g.op('Reshape', [x, g.integers([n, c, h / block, block, w / block, block])]);
  const perm = mode === 'DCR' ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4];
  const moved = g.op('Transpose', [split], { perm });
  const whole = g.integers([n, c * block ** 2, h / block, w / block]);
  g.op('Reshape', [moved, whole], {}, node.outputs[0]!);
  return true;
};

/** Sum of any number of inputs, in their order. */
const sum: Decomposition = (g, { inputs, outputs }) => {
  const [first, ...rest] = inputs as [string, ...string[]];
  const last = rest.pop();
  const partial = rest.reduce((a, b) => g.op('Add', [a, b]), first);
  g.op(last ? 'Add' : 'Identity', last ? [partial, last] : [partial], {}, outputs[0]!);
  return true;
};

/** Mean of any number of inputs. */
const mean: Decomposition = (g, { inputs, outputs }) => {
  const [first, ...rest] = inputs as [string, ...string[]];
  const total = rest.reduce((a, b) => g.op('Add', [a, b]), first);
  g.op('Mul', [total, g.scalar(1 / inputs.length, first)], {}, outputs[0]!);
  return true;
};

/** x^2 as x x: onnxruntime's WebGPU provider has no Pow of half floats. */
const pow: Decomposition = (g, { inputs, outputs }) => {
  const [x, exponent] = inputs as [string, string];
  const known = g.constantOf(exponent);
  const square = known?.values.length === 1 && known.values[0] === 2;
  if (!square || known.shape.length > g.shape(x).length) return false;
  g.op('Mul', [x, x], {}, outputs[0]!);
  return true;
};

/** (x - mean(x)) / sqrt(var(x)) over the axes, which are 0, 2, 3 unless stated. */
const meanVarianceNormalization: Decomposition = (g, node) => {
  const [x] = node.inputs as [string];
  const rank = g.shape(x).length;
  const axes = (intsAttribute(node, 'axes') ?? [0, 2, 3]).map((axis) => normalizeAxis(axis, rank));
  const centred = g.sub(x, g.mean(x, axes));
  const deviation = g.sqrt(g.mean(g.square(centred), axes));
  g.op('Div', [centred, g.shift(deviation, 1e-9)], {}, node.outputs[0]!);
  return true;
};

/** x / |x|_p along an axis. */
const lpNormalization: Decomposition = (g, node) => {
  const [x] = node.inputs as [string];
  const axis = normalizeAxis(intAttribute(node, 'axis', -1), g.shape(x).length);
  const norm =
    intAttribute(node, 'p', 2) === 1
      ? g.sum(g.op('Abs', [x]), [axis])
      : g.sqrt(g.sum(g.square(x), [axis]));
  // A row of zeros stays one.
  const safe = g.where(g.op('Equal', [norm, g.scalar(0, norm)]), g.scalar(1, norm), norm);
  g.op('Div', [x, safe], {}, node.outputs[0]!);
  return true;
};

export const standard: Readonly<Record<string, Decomposition>> = {
  GroupNormalization: groupNormalization,
  SpaceToDepth: spaceToDepth,
  Sum: sum,
  Mean: mean,
  Pow: pow,
  MeanVarianceNormalization: meanVarianceNormalization,
  LpNormalization: lpNormalization,
};
