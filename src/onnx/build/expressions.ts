/** The builder with the vocabulary of formulas: what gradient rules, losses and optimisers are written in. */

import { elementCount } from '../graph/graph';
import { sameShape } from '../graph/shape';
import { codeOfDataType, isHalf, makeTensor } from '../graph/tensor';
import { GraphBuilder, type Value } from './builder';

/**
 * Arithmetic on values, broadcast by ONNX's (NumPy's) rules. Every method throws an OnnxError naming the node if the
 * shapes do not fit.
 */
export class Expressions extends GraphBuilder {
  /** A scalar of the type of `like`. */
  scalar(value: number, like: Value): Value {
    return this.constant(value, [], this.dataType(like));
  }

  /** A list of int64: what shapes, axes and bounds are passed as. */
  integers(values: readonly number[]): Value {
    return this.constant(values, [values.length], 'int64');
  }

  /** Zeros of the type of `like`. */
  zeros(shape: readonly number[], like: Value): Value {
    const value = makeTensor([0], [1], this.dataType(like));
    return this.op('ConstantOfShape', [this.integers(shape)], { value });
  }

  add(a: Value, b: Value): Value {
    return this.op('Add', [a, b]);
  }

  sub(a: Value, b: Value): Value {
    return this.op('Sub', [a, b]);
  }

  /** a b; a factor of exactly one is left out. */
  mul(a: Value, b: Value): Value {
    if (this.#isOne(a, b)) return b;
    return this.#isOne(b, a) ? a : this.op('Mul', [a, b]);
  }

  #isOne(factor: Value, other: Value): boolean {
    const { shape } = this.type(factor);
    if (elementCount(shape) !== 1 || shape.length > this.shape(other).length) return false;
    return this.constantOf(factor)?.values[0] === 1;
  }

  div(a: Value, b: Value): Value {
    return this.op('Div', [a, b]);
  }

  neg(a: Value): Value {
    return this.op('Neg', [a]);
  }

  /** factor a */
  scale(a: Value, factor: number): Value {
    return factor === 1 ? a : this.op('Mul', [a, this.scalar(factor, a)]);
  }

  /** a + term */
  shift(a: Value, term: number): Value {
    return this.op('Add', [a, this.scalar(term, a)]);
  }

  /** 1 - a */
  complement(a: Value): Value {
    return this.op('Sub', [this.scalar(1, a), a]);
  }

  square(a: Value): Value {
    return this.op('Mul', [a, a]);
  }

  sqrt(a: Value): Value {
    return this.op('Sqrt', [a]);
  }

  reciprocal(a: Value): Value {
    return this.op('Reciprocal', [a]);
  }

  exp(a: Value): Value {
    return this.op('Exp', [a]);
  }

  sigmoid(a: Value): Value {
    return this.op('Sigmoid', [a]);
  }

  /** condition ? a : b, elementwise. */
  where(condition: Value, a: Value, b: Value): Value {
    return this.op('Where', [condition, a, b]);
  }

  matmul(a: Value, b: Value): Value {
    return this.op('MatMul', [a, b]);
  }

  /** The elements of `a` in another shape; of a reshaped value, those that were there before. */
  reshape(a: Value, shape: readonly number[]): Value {
    let source = a;
    for (;;) {
      if (sameShape(this.shape(source), shape)) return source;
      const node = this.producer(source);
      if (node?.op !== 'Reshape') return this.op('Reshape', [source, this.integers(shape)]);
      source = node.inputs[0]!;
    }
  }

  transpose(a: Value, perm: readonly number[]): Value {
    return perm.every((axis, i) => axis === i) ? a : this.op('Transpose', [a], { perm });
  }

  /** The matrices of a batch transposed: the last two axes swapped. */
  swap(a: Value): Value {
    const axes = this.shape(a).map((_, i) => i);
    return this.transpose(a, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
  }

  expand(a: Value, shape: readonly number[]): Value {
    return sameShape(this.shape(a), shape) ? a : this.op('Expand', [a, this.integers(shape)]);
  }

  /**
   * Sum over axes, which stay as axes of length one unless `keep` is false. Half floats are added in float32: their own
   * sums overflow from 65504 on, and lose small terms long before.
   */
  sum(a: Value, axes: readonly number[], keep = true): Value {
    if (axes.length === 0) return a;
    const keepdims = keep ? 1 : 0;
    return this.inFloat32(a, (wide) =>
      this.op('ReduceSum', [wide, this.integers(axes)], { keepdims }),
    );
  }

  /** Mean over axes, which stay as axes of length one; of half floats in float32, as `sum`. */
  mean(a: Value, axes: readonly number[]): Value {
    if (axes.length === 0) return a;
    return this.inFloat32(a, (wide) =>
      this.opset < 18
        ? this.op('ReduceMean', [wide], { axes, keepdims: 1 })
        : this.op('ReduceMean', [wide, this.integers(axes)], { keepdims: 1 }),
    );
  }

  /** A value as float32 if its elements are half floats, which are too short for squares and long sums. */
  widened(a: Value): Value {
    return isHalf(this.dataType(a)) ? this.cast(a, 'float32') : a;
  }

  /** f of a value, computed in float32 and brought back if its elements are half floats. */
  inFloat32(a: Value, f: (wide: Value) => Value): Value {
    return this.cast(f(this.widened(a)), this.dataType(a));
  }

  /** Product over axes, which stay as axes of length one. */
  product(a: Value, axes: readonly number[]): Value {
    if (axes.length === 0) return a;
    return this.opset < 18
      ? this.op('ReduceProd', [a], { axes, keepdims: 1 })
      : this.op('ReduceProd', [a, this.integers(axes)], { keepdims: 1 });
  }

  /** `length` elements of an axis from `start` on, every `step`-th. */
  slice(a: Value, axis: number, start: number, length: number, step = 1): Value {
    if (start === 0 && step === 1 && length === this.shape(a)[axis]) return a;
    const bounds = [[start], [start + (length - 1) * step + 1], [axis]];
    const inputs = [a, ...bounds.map((bound) => this.integers(bound))];
    if (step !== 1) inputs.push(this.integers([step]));
    return this.op('Slice', inputs);
  }

  concat(parts: readonly Value[], axis: number): Value {
    return parts.length === 1 ? parts[0]! : this.op('Concat', parts, { axis });
  }

  /** Zeros around: `before[i]` and `after[i]` of them on axis i. */
  pad(a: Value, before: readonly number[], after: readonly number[]): Value {
    if ([...before, ...after].every((count) => count === 0)) return a;
    return this.op('Pad', [a, this.integers([...before, ...after])]);
  }

  /** Rows of an axis, by constant indices. */
  gather(a: Value, indices: readonly number[], axis: number): Value {
    if (indices.length === this.shape(a)[axis] && indices.every((index, i) => index === i))
      return a;
    return this.op('Gather', [a, this.integers(indices)], { axis });
  }

  cast(a: Value, dataType: ReturnType<GraphBuilder['dataType']>): Value {
    return this.dataType(a) === dataType
      ? a
      : this.op('Cast', [a], { to: codeOfDataType(dataType) });
  }

  /**
   * Brings a gradient to a shape: sums over the axes along which that shape was broadcast to the gradient's,
   * and repeats along those that the gradient leaves at length one.
   */
  fit(a: Value, shape: readonly number[]): Value {
    const from = this.shape(a);
    const extra = from.length - shape.length;
    const target = [...new Array<number>(Math.max(0, extra)).fill(1), ...shape];
    const source = [...new Array<number>(Math.max(0, -extra)).fill(1), ...from];
    const axes = target.flatMap((length, axis) =>
      length === 1 && source[axis] !== 1 ? [axis] : [],
    );
    const summed = this.sum(this.reshape(a, source), axes);
    const fitted = elementCount(this.shape(summed)) < elementCount(target);
    return this.reshape(fitted ? this.expand(summed, target) : summed, shape);
  }
}
