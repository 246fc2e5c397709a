/** Gradients of matrix products. */
import type { Value } from '../../build/builder';
import type { Expressions } from '../../build/expressions';
import { elementCount, floatAttribute, intAttribute, stringAttribute } from '../../graph/graph';
import { parseEinsum } from '../../infer/einsum';
import type { GradientRule } from './rule';

/** y = a b, batched: da = dy b^T, db = a^T dy, summed over the axes along which an operand was broadcast */
const matMul: GradientRule = ({ g, inputs: [a, b], y, dy }) => {
  const [rankA, rankB] = [g.shape(a).length, g.shape(b).length];
  // A vector is a row on the left and a column on the right.
  const left = rankA === 1 ? g.reshape(a, [1, g.shape(a)[0]!]) : a;
  const right = rankB === 1 ? g.reshape(b, [g.shape(b)[0]!, 1]) : b;
  const matrix = [...g.shape(y)];
  if (rankA === 1) matrix.splice(matrix.length - (rankB === 1 ? 0 : 1), 0, 1);
  if (rankB === 1) matrix.push(1);
  const d = g.reshape(dy, matrix);
  const byLeft = () => g.matmul(d, g.swap(right));
  // One product over all rows instead of one per batch entry and a sum.
  const byRight = () =>
    rankB === 2 && g.shape(left).length > 2
      ? g.matmul(g.swap(rows(g, left)), rows(g, d))
      : g.matmul(g.swap(left), d);
  return [
    () => (rankA === 1 ? g.reshape(g.fit(byLeft(), g.shape(left)), g.shape(a)) : byLeft()),
    () => (rankB === 1 ? g.reshape(g.fit(byRight(), g.shape(right)), g.shape(b)) : byRight()),
  ];
};

/** The matrix of all rows of a tensor. */
function rows(g: Expressions, a: Value): Value {
  const width = g.shape(a).at(-1)!;
  return g.reshape(a, [elementCount(g.shape(a)) / width, width]);
}

/** y = alpha A' B' + beta C, where ' transposes if told to: dA' = alpha dy B'^T, dB' = alpha A'^T dy, dC = beta dy */
const gemm: GradientRule = ({ g, node, inputs: [a, b], dy }) => {
  const alpha = floatAttribute(node, 'alpha', 1);
  const beta = floatAttribute(node, 'beta', 1);
  const transA = intAttribute(node, 'transA', 0) === 1;
  const transB = intAttribute(node, 'transB', 0) === 1;
  const byA = () =>
    transA ? g.matmul(transB ? g.swap(b) : b, g.swap(dy)) : g.matmul(dy, transB ? b : g.swap(b));
  const byB = () =>
    transB ? g.matmul(g.swap(dy), transA ? g.swap(a) : a) : g.matmul(transA ? a : g.swap(a), dy);
  return [() => g.scale(byA(), alpha), () => g.scale(byB(), alpha), () => g.scale(dy, beta)];
};

/** Each operand's gradient is an Einsum of dy with the other operands */
const einsum: GradientRule = (site) => {
  const { g, node, inputs, dy } = site;
  const { operands, result } = parseEinsum(stringAttribute(node, 'equation', ''));
  return inputs.map((_, i) => () => {
    const own = [...operands[i]!];
    if (new Set(own).size < own.length) site.fail('a diagonal (repeated letter) is not supported');
    const others = operands.filter((__, j) => j !== i);
    const reachable = own.filter((letter) => [result, ...others].join('').includes(letter));
    const equation = `${[result, ...others].join(',')}->${reachable.join('')}`;
    const values = [dy, ...inputs.filter((__, j) => j !== i)];
    const partial = g.op('Einsum', values, { equation });
    // A letter that only this operand has was summed over: its gradient is the same along it.
    const lengths = new Map(reachable.map((letter, axis) => [letter, g.shape(partial)[axis]!]));
    return g.reshape(
      partial,
      own.map((letter) => lengths.get(letter) ?? 1),
    );
  });
};

export const linearGradients: Readonly<Record<string, GradientRule>> = {
  MatMul: matMul,
  Gemm: gemm,
  Einsum: einsum,
};
