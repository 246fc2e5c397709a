/** Gradients of reductions and of softmax. */
import type { Value } from '../../build/builder';
import { elementCount, intAttribute } from '../../graph/graph';
import { normalizeAxis } from '../../graph/shape';
import { reducedAxes } from '../../infer/elementwise';
import type { GradientRule, GradientSite } from './rule';

/** dx from x and from y and dy with the reduced axes put back at length one. */
const reduction =
  (dx: (site: GradientSite, dy: Value, y: Value, count: number) => Value): GradientRule =>
  (site) => [
    () => {
      const axes = reducedAxes(site);
      const kept = site.shape(0).map((length, axis) => (axes.includes(axis) ? 1 : length));
      const count = elementCount(site.shape(0)) / elementCount(kept);
      return dx(site, site.g.reshape(site.dy, kept), site.g.reshape(site.y, kept), count);
    },
    null,
  ];

/** dy to every element that attains the extremum */
const extremum = reduction(({ g, x }, dy, y) =>
  g.where(g.op('Equal', [x, y]), dy, g.scalar(0, dy)),
);

const softmaxAxis = ({ node, shape }: { node: GradientSite['node']; shape: readonly number[] }) =>
  normalizeAxis(intAttribute(node, 'axis', -1), shape.length);

export const reductionGradients: Readonly<Record<string, GradientRule>> = {
  ReduceSum: reduction((_, dy) => dy),
  ReduceMean: reduction(({ g }, dy, _, count) => g.scale(dy, 1 / count)),
  ReduceMax: extremum,
  ReduceMin: extremum,
  /** y = sum x^2 */
  ReduceSumSquare: reduction(({ g, x }, dy) => g.mul(g.scale(dy, 2), x)),
  /** y = sqrt(sum x^2): dx = dy x / y */
  ReduceL2: reduction(({ g, x }, dy, y) => g.mul(g.div(dy, y), x)),
  /** y = sum |x| */
  ReduceL1: reduction(({ g, x }, dy) => g.where(g.op('Less', [x, g.scalar(0, x)]), g.neg(dy), dy)),
  /** y = ln sum e^x: dx = dy e^(x - y) */
  ReduceLogSumExp: reduction(({ g, x }, dy, y) => g.mul(dy, g.exp(g.sub(x, y)))),
  /** y = product of x: dx = dy y / x */
  ReduceProd: reduction(({ g, x }, dy, y) => g.div(g.mul(dy, y), x)),
  /** y_i = e^x_i / sum e^x: dx = y (dy - sum(y dy)) */
  Softmax: ({ g, node, y, dy }) => [
    () => {
      const axis = softmaxAxis({ node, shape: g.shape(y) });
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
