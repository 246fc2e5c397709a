/** Linear maps along one axis of a tensor, of constant coefficients: resizing, pooling, repeating. */
import type { Value } from '../../build/builder';
import type { Expressions } from '../../build/expressions';
import { elementCount, OnnxError } from '../../graph/graph';
import { makeTensor } from '../../graph/tensor';

/** y_o = sum over taps [i, w] of o: w x_i. */
export interface LinearMap {
  readonly to: number;
  readonly from: number;
  readonly taps: (o: number) => readonly (readonly [i: number, weight: number])[];
}

/** Largest matrix that is stored as one: a product with it is faster than picking elements. */
const DENSE = 2 ** 18;

/** Most coefficients of one map. */
const LIMIT = 2 ** 24;

/** dx of y = M x along one axis: M^T dy. */
export function adjoint(g: Expressions, dy: Value, map: LinearMap, axis: number): Value {
  return map.to * map.from <= DENSE
    ? denseAdjoint(g, dy, map, axis)
    : sparseAdjoint(g, dy, map, axis);
}

function denseAdjoint(
  g: Expressions,
  dy: Value,
  { to, from, taps }: LinearMap,
  axis: number,
): Value {
  const shape = g.shape(dy);
  const [outer, inner] = [elementCount(shape.slice(0, axis)), elementCount(shape.slice(axis + 1))];
  const result = shape.with(axis, from);
  const matrix = new Array<number>(to * from).fill(0);
  for (let o = 0; o < to; o++) {
    for (const [i, weight] of taps(o)) matrix[inner === 1 ? o * from + i : i * to + o]! += weight;
  }
  if (inner === 1) {
    const right = g.constant(matrix, [to, from], g.dataType(dy));
    return g.reshape(g.matmul(g.reshape(dy, [outer, to]), right), result);
  }
  const left = g.constant(matrix, [from, to], g.dataType(dy));
  return g.reshape(g.matmul(left, g.reshape(dy, [outer, to, inner])), result);
}

/** Per position of x the elements of dy that it has a share in, picked, weighed and summed. */
function sparseAdjoint(
  g: Expressions,
  dy: Value,
  { to, from, taps }: LinearMap,
  axis: number,
): Value {
  const shares: [o: number, weight: number][][] = Array.from({ length: from }, () => []);
  let widest = 1;
  for (let o = 0; o < to; o++) {
    for (const [i, weight] of taps(o)) {
      shares[i]!.push([o, weight]);
      widest = Math.max(widest, shares[i]!.length);
    }
    if (widest * from > LIMIT) {
      throw new OnnxError(`its gradient along axis ${axis} has more than ${LIMIT} coefficients`);
    }
  }
  const [indices, weights] = [new Float64Array(from * widest), new Float64Array(from * widest)];
  shares.forEach((list, i) => {
    list.forEach(([o, weight], k) => {
      indices[i * widest + k] = o;
      weights[i * widest + k] = weight;
    });
  });
  const { dataType, shape } = g.type(dy);
  const stored = (name: string, tensor: ReturnType<typeof makeTensor>) =>
    g.initializer(g.fresh(name), tensor);
  const picked = g.op(
    'Gather',
    [dy, stored('positions', makeTensor(indices, [from, widest], 'int64'))],
    { axis },
  );
  const tail = new Array<number>(shape.length - axis - 1).fill(1);
  const factors = stored('shares', makeTensor(weights, [from, widest, ...tail], dataType));
  return g.reshape(g.sum(g.mul(picked, factors), [axis + 1]), shape.with(axis, from));
}
