/** Gradients of reductions and of softmax. */
import type { Value } from '../../build/builder';
import { elementCount, intAttribute } from '../../graph/graph';
import { normalizeAxis } from '../../graph/shape';
import { reducedAxes } from '../../infer/elementwise';
import type { GradientRule, GradientSite } from './rule';

/** dx from x and from y and dy with the reduced axes put back at length one. */
const reduction =
  (dx: (site: GradientSite, dy: Value, y: Value, axes: readonly number[]) => Value): GradientRule =>
  (site) => [
    () => {
      const axes = reducedAxes(site);
      const kept = site.shape(0).map((length, axis) => (axes.includes(axis) ? 1 : length));
      return dx(site, site.g.reshape(site.dy, kept), site.g.reshape(site.y, kept), axes);
    },
    null,
  ];

/** dy to the elements that attain the extremum, in equal shares */
const extremum = reduction(({ g, x }, dy, y, axes) => {
  const attained = g.op('Equal', [x, y]);
  const share = g.div(dy, g.sum(g.cast(attained, g.dataType(dy)), axes));
  return g.where(attained, share, g.scalar(0, dy));
});

/**
 * y = product of x: dx = dy times the product of the others. That is y / x, unless a single x is zero, whose others'
 * product is that of all but the zeros, or several are, and it is zero.
 */
const product: GradientRule = (site) => [
  () => {
    const { g, x } = site;
    const axes = reducedAxes(site);
    const kept = site.shape(0).map((length, axis) => (axes.includes(axis) ? 1 : length));
    const zero = g.op('Equal', [x, g.scalar(0, x)]);
    const zeros = g.sum(g.cast(zero, g.dataType(x)), axes);
    const filled = g.where(zero, g.scalar(1, x), x);
    const others = g.product(filled, axes);
    const alone = g.where(g.op('Equal', [zeros, g.scalar(1, x)]), others, g.scalar(0, x));
    const none = g.op('Equal', [zeros, g.scalar(0, x)]);
    const rest = g.where(none, g.div(others, filled), g.scalar(0, x));
    return g.mul(g.reshape(site.dy, kept), g.where(zero, alone, rest));
  },
  null,
];

const softmaxAxis = ({ node, shape }: { node: GradientSite['node']; shape: readonly number[] }) =>
  normalizeAxis(intAttribute(node, 'axis', -1), shape.length);

/**
 * The softmax, zero where it is NaN if the graph replaces some of it: a row whose keys are all hidden is NaN, and a model
 * that may have such rows puts zeros there.
 */
function withoutNaN({ g, y }: GradientSite): Value {
  const isY = (value: Value) => {
    const node = g.producer(value);
    return value === y || (node?.op === 'Cast' && node.inputs[0] === y);
  };
  const replaced = g.nodes.some(
    ({ op, inputs }) => (op === 'Where' && inputs.some(isY)) || (op === 'IsNaN' && isY(inputs[0]!)),
  );
  return replaced ? g.where(g.op('IsNaN', [y]), g.scalar(0, y), y) : y;
}

export const reductionGradients: Readonly<Record<string, GradientRule>> = {
  ReduceSum: reduction((_, dy) => dy),
  ReduceMean: reduction((site, dy, _, axes) =>
    site.g.scale(dy, 1 / elementCount(axes.map((axis) => site.shape(0)[axis]!))),
  ),
  ReduceMax: extremum,
  ReduceMin: extremum,
  /** y = sum x^2 */
  ReduceSumSquare: reduction(({ g, x }, dy) => g.mul(g.scale(dy, 2), x)),
  /** y = sqrt(sum x^2): dx = dy x / y, and 0 where all x are 0 */
  ReduceL2: reduction(({ g, x }, dy, y) => {
    const nothing = g.op('Equal', [y, g.scalar(0, y)]);
    return g.mul(g.div(dy, g.where(nothing, g.scalar(1, y), y)), x);
  }),
  /** y = sum |x| */
  ReduceL1: reduction(({ g, x }, dy) => g.where(g.op('Less', [x, g.scalar(0, x)]), g.neg(dy), dy)),
  /** y = ln sum e^x: dx = dy e^(x - y) */
  ReduceLogSumExp: reduction(({ g, x }, dy, y) => g.mul(dy, g.exp(g.sub(x, y)))),
  /** y = ln sum x: dx = dy / e^y */
  ReduceLogSum: reduction(({ g }, dy, y) => g.div(dy, g.exp(y))),
  ReduceProd: product,
  /** y_i = sum of x_j up to i: dx_j = sum of dy_i from j on */
  CumSum: ({ g, node, inputs, dy }) => [
    () =>
      g.op('CumSum', [dy, inputs[1]], {
        exclusive: intAttribute(node, 'exclusive', 0),
        reverse: 1 - intAttribute(node, 'reverse', 0),
      }),
    null,
  ],
  /** y_i = e^x_i / sum e^x: dx = y (dy - sum(y dy)) */
  Softmax: (site) => [
    () => {
      const { g, dy } = site;
      const axis = softmaxAxis({ node: site.node, shape: g.shape(site.y) });
      const y = withoutNaN(site);
      return g.mul(y, g.sub(dy, g.sum(g.mul(y, dy), [axis])));
    },
  ],
  /** y_i = x_i - ln sum e^x: dx = dy - e^y sum(dy) */
  LogSoftmax: ({ g, node, y, dy }) => [
    () => {
      const axis = softmaxAxis({ node, shape: g.shape(y) });
      return g.sub(dy, g.mul(g.exp(y), g.sum(dy, [axis])));
    },
  ],
};
