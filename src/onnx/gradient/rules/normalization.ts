/**
 * Gradients of normalisations. Of half floats they are computed in float32, as runtimes compute the operators
 * themselves: the sum of squares of a picture's channel overflows at 65504.
 */
import type { Value } from '../../build/builder';
import type { Expressions } from '../../build/expressions';
import { elementCount, floatAttribute, intAttribute } from '../../graph/graph';
import { normalizeAxis } from '../../graph/shape';
import type { GradientRule, GradientSite } from './rule';

/** What the rows of a tensor are normalised by. */
interface Moments {
  /** x - mean(x) */
  readonly centred: Value;
  /** 1 / sqrt(var(x) + epsilon) */
  readonly inverse: Value;
}

function moments(g: Expressions, x: Value, axes: readonly number[], epsilon: number): Moments {
  const centred = g.sub(x, g.mean(x, axes));
  const variance = g.mean(g.square(centred), axes);
  return { centred, inverse: g.reciprocal(g.sqrt(g.shift(variance, epsilon))) };
}

/** n = c r, c = x - mean(x), r = 1 / sqrt(mean(c^2) + epsilon): dx = r (d - mean(d) - c r^2 mean(d c)), d = dL/dn */
function byInput(g: Expressions, d: Value, { centred, inverse }: Moments, axes: readonly number[]) {
  const slope = g.mul(g.square(inverse), g.mean(g.mul(d, centred), axes));
  return g.mul(inverse, g.sub(g.sub(d, g.mean(d, axes)), g.mul(centred, slope)));
}

const epsilonOf = ({ node }: GradientSite) => floatAttribute(node, 'epsilon', 1e-5);

/** dy scale; a scale of ones, which stands for none, is left out. */
function scaled(g: Expressions, dy: Value, scale: Value): Value {
  const ones = g.constantOf(scale, Number.POSITIVE_INFINITY)?.values.every((value) => value === 1);
  return ones ? dy : g.mul(dy, g.widened(scale));
}

/**
 * y = n scale + bias over the trailing axes from `axis` on. The further outputs are mean(x) and r = 1 / sqrt(var(x) +
 * epsilon), whose gradients are 1 / count and -r^3 c / count.
 */
const layerNormalization: GradientRule = (site) => {
  const { g, node, x, inputs, dys } = site;
  const rank = g.shape(x).length;
  const first = normalizeAxis(intAttribute(node, 'axis', -1), rank);
  const axes = Array.from({ length: rank - first }, (_, i) => first + i);
  const m = () => moments(g, g.widened(x), axes, epsilonOf(site));
  const [dy, byMean, byInverse] = dys.map((value) => value && g.widened(value));
  const count = elementCount(g.shape(x).slice(first));
  const terms = () => {
    const all: Value[] = [];
    if (dy) all.push(byInput(g, scaled(g, dy, inputs[1]), m(), axes));
    if (byMean) all.push(g.scale(byMean, 1 / count));
    if (byInverse) {
      const { centred, inverse } = m();
      const cube = g.mul(inverse, g.square(inverse));
      all.push(g.mul(g.scale(g.mul(byInverse, cube), -1 / count), centred));
    }
    return all;
  };
  return [
    () =>
      site.narrow(
        terms().reduce((a, b) => g.add(a, b)),
        0,
      ),
    dy ? () => site.narrow(g.mul(dy, g.mul(m().centred, m().inverse)), 1) : null,
    dy ? () => site.narrow(dy, 2) : null,
  ];
};

/** y = n scale_c + bias_c over the spatial axes of [N, C, spatial...] */
const instanceNormalization: GradientRule = (site) => {
  const { g, x, inputs, dy } = site;
  const shape = g.shape(x);
  const [n, c] = [shape[0]!, shape[1]!];
  const flat = [n, c, elementCount(shape.slice(2))];
  const d = g.widened(g.reshape(dy, flat));
  const m = () => moments(g, g.widened(g.reshape(x, flat)), [2], epsilonOf(site));
  return [
    () => {
      const { centred, inverse } = m();
      // The scale is constant along a row: it goes with the inverse deviation.
      const slope = g.mul(g.square(inverse), g.mean(g.mul(d, centred), [2]));
      const factor = g.mul(inverse, g.reshape(g.widened(inputs[1]), [1, c, 1]));
      const inner = g.sub(g.sub(d, g.mean(d, [2])), g.mul(centred, slope));
      return g.cast(g.reshape(g.mul(factor, inner), shape), g.dataType(x));
    },
    () => site.narrow(g.reshape(g.sum(g.mul(d, g.mul(m().centred, m().inverse)), [0, 2]), [c]), 1),
    () => site.narrow(g.reshape(g.sum(d, [0, 2]), [c]), 2),
  ];
};

/** Inference: y = (x - mean_c) scale_c / sqrt(var_c + epsilon) + bias_c */
const batchNormalization: GradientRule = (site) => {
  const { g, x } = site;
  const dy = g.widened(site.dy);
  const rank = g.shape(x).length;
  const channel = (value: Value) =>
    g.reshape(g.widened(value), [g.shape(x)[1]!, ...new Array<number>(rank - 2).fill(1)]);
  const [scale, , mean, variance] = site.node.inputs.slice(1).map(channel) as [Value, ...Value[]];
  const axes = Array.from({ length: rank }, (_, i) => i).filter((axis) => axis !== 1);
  const inverse = g.reciprocal(g.sqrt(g.shift(variance!, epsilonOf(site))));
  const perChannel = (value: Value) => g.reshape(g.sum(value, axes), [g.shape(x)[1]!]);
  const byMean = () => perChannel(g.neg(g.mul(dy, g.mul(scale, inverse))));
  const byVariance = () => {
    const cube = g.mul(inverse, g.square(inverse));
    const normal = g.mul(g.sub(g.widened(x), mean!), g.mul(scale, cube));
    return perChannel(g.scale(g.mul(dy, normal), -0.5));
  };
  return [
    () => site.narrow(g.mul(dy, g.mul(scale, inverse)), 0),
    () => site.narrow(perChannel(g.mul(dy, g.mul(g.sub(g.widened(x), mean!), inverse))), 1),
    () => site.narrow(perChannel(dy), 2),
    () => site.narrow(byMean(), 3),
    () => site.narrow(byVariance(), 4),
  ];
};

/** y = x r scale, r = 1 / sqrt(mean(x^2) + epsilon): dx = r (d - x r^2 mean(d x)), d = dy scale */
const rmsNormalization: GradientRule = (site) => {
  const { g, node, inputs } = site;
  const [x, dy] = [g.widened(site.x), g.widened(site.dy)];
  const rank = g.shape(x).length;
  const first = normalizeAxis(intAttribute(node, 'axis', -1), rank);
  const axes = Array.from({ length: rank - first }, (_, i) => first + i);
  const inverse = () => g.reciprocal(g.sqrt(g.shift(g.mean(g.square(x), axes), epsilonOf(site))));
  return [
    () => {
      const r = inverse();
      const d = scaled(g, dy, inputs[1]);
      const slope = g.mul(g.square(r), g.mean(g.mul(d, x), axes));
      return site.narrow(g.mul(r, g.sub(d, g.mul(x, slope))), 0);
    },
    () => site.narrow(g.mul(dy, g.mul(x, inverse())), 1),
  ];
};

export const normalizationGradients: Readonly<Record<string, GradientRule>> = {
  LayerNormalization: layerNormalization,
  InstanceNormalization: instanceNormalization,
  BatchNormalization: batchNormalization,
  RMSNormalization: rmsNormalization,
};
