/**
 * Values of small constant expressions, chiefly the integer arithmetic on shapes that exporters leave in a model.
 * Floats are folded only by operators that IEEE 754 rounds exactly, so that folding changes no bit.
 */
import {
  elementCount,
  entryOf,
  intAttribute,
  intsAttribute,
  type Node,
  type TensorType,
} from '../graph/graph';
import { normalizeAxis, ravelBroadcast, sliceRanges, stridesOf, unravel } from '../graph/shape';
import { tensorValues } from '../graph/tensor';
import type { Constant } from './rule';

interface FoldSite {
  readonly node: Node;
  readonly inputs: readonly (Constant | undefined)[];
  readonly outputs: readonly TensorType[];
}

/** Elements of each output, or undefined where they are left to the runtime. */
type FoldRule = (site: FoldSite) => number[][] | undefined;

/** The first output, one element at a time, from the multi-index. */
function each(site: FoldSite, value: (index: number[]) => number): number[][] {
  const { shape } = site.outputs[0]!;
  const count = shape.reduce((product, length) => product * length, 1);
  return [Array.from({ length: count }, (_, i) => value(unravel(i, shape)))];
}

/** Element of input `i` under a multi-index of the broadcast output. */
const at = (site: FoldSite, i: number, index: readonly number[]): number =>
  site.inputs[i]!.values[ravelBroadcast(index, site.inputs[i]!.shape)]!;

const map =
  (f: (x: number) => number): FoldRule =>
  ({ inputs }) => [inputs[0]!.values.map(f)];

const combine =
  (f: (a: number, b: number) => number): ((site: FoldSite) => number[][]) =>
  (site) =>
    each(site, (index) =>
      site.inputs.slice(1).reduce((a, _, i) => f(a, at(site, i + 1, index)), at(site, 0, index)),
    );

const copy: FoldRule = ({ inputs }) => [[...inputs[0]!.values]];

const isInteger = (site: FoldSite) => site.inputs[0]!.dataType.includes('int');

const reduce =
  (f: (a: number, b: number) => number): FoldRule =>
  ({ node, inputs }) => {
    const { values, shape } = inputs[0]!;
    if (values.length === 0) return undefined;
    const named = inputs[1]?.values ?? intsAttribute(node, 'axes') ?? [];
    const all = named.length === 0 && !intAttribute(node, 'noop_with_empty_axes', 0);
    const given = all ? shape.map((_, i) => i) : named;
    const axes = given.map((axis) => normalizeAxis(axis, shape.length));
    const kept = shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
    const result = new Map<number, number>();
    values.forEach((value, i) => {
      const position = ravelBroadcast(unravel(i, shape), kept);
      const before = result.get(position);
      result.set(position, before === undefined ? value : f(before, value));
    });
    return [[...result.keys()].sort((a, b) => a - b).map((key) => result.get(key)!)];
  };

const gather: FoldRule = (site) => {
  const [data, indices] = [site.inputs[0]!, site.inputs[1]!];
  const axis = normalizeAxis(intAttribute(site.node, 'axis', 0), data.shape.length);
  const strides = stridesOf(data.shape);
  const depth = indices.shape.length;
  return each(site, (index) => {
    const picked = indices.values[ravelBroadcast(index.slice(axis, axis + depth), indices.shape)]!;
    const wrapped = picked < 0 ? picked + data.shape[axis]! : picked;
    const source = [...index.slice(0, axis), wrapped, ...index.slice(axis + depth)];
    return data.values[source.reduce((sum, i, a) => sum + i * strides[a]!, 0)]!;
  });
};

const slice: FoldRule = (site) => {
  const [data, starts, ends, axes, steps] = site.inputs;
  const ranges = sliceRanges(
    data!.shape,
    starts!.values,
    ends!.values,
    axes?.values,
    steps?.values,
  );
  return each(site, (index) => {
    const source = [...index];
    for (const r of ranges) source[r.axis] = r.start + index[r.axis]! * r.step;
    return data!.values[ravelBroadcast(source, data!.shape)]!;
  });
};

const concat: FoldRule = (site) => {
  const rank = site.outputs[0]!.shape.length;
  const axis = normalizeAxis(intAttribute(site.node, 'axis', 0), rank);
  return each(site, (index) => {
    let offset = index[axis]!;
    const from = site.inputs.find((input) => {
      if (offset < input!.shape[axis]!) return true;
      offset -= input!.shape[axis]!;
      return false;
    })!;
    return from.values[ravelBroadcast(index.with(axis, offset), from.shape)]!;
  });
};

const split: FoldRule = ({ node, inputs, outputs }) => {
  const { shape, values } = inputs[0]!;
  const axis = normalizeAxis(intAttribute(node, 'axis', 0), shape.length);
  let start = 0;
  return outputs.map((output) => {
    const begin = start;
    start += output.shape[axis]!;
    const pick = (index: number[]) =>
      values[ravelBroadcast(index.with(axis, index[axis]! + begin), shape)]!;
    return each({ node, inputs, outputs: [output] }, pick)[0]!;
  });
};

const transpose: FoldRule = (site) => {
  const { shape, values } = site.inputs[0]!;
  const perm = intsAttribute(site.node, 'perm') ?? shape.map((_, i) => shape.length - 1 - i);
  return each(site, (index) => {
    const source = new Array<number>(shape.length);
    perm.forEach((axis, i) => {
      source[axis] = index[i]!;
    });
    return values[ravelBroadcast(source, shape)]!;
  });
};

const constant: FoldRule = (site) => {
  const { value, value_float, value_int, value_ints, value_floats } = site.node.attributes;
  if (value?.type === 'tensor') return [tensorValues(value.value)];
  const given = value_float ?? value_int ?? value_ints ?? value_floats;
  return [[given?.value ?? []].flat() as number[]];
};

const constantOfShape: FoldRule = (site) => {
  const value = site.node.attributes.value;
  const fill = value?.type === 'tensor' ? tensorValues(value.value)[0]! : 0;
  return each(site, () => fill);
};

const range: FoldRule = (site) => {
  const [start, , step] = site.inputs.map((input) => input!.values[0]!);
  return each(site, ([i]) => start! + i! * step!);
};

const divide = combine((a, b) => a / b);
const fmod = combine((a, b) => a % b);
const floorMod = (a: number, b: number) => a - b * Math.floor(a / b);

const RULES: Readonly<Record<string, FoldRule>> = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Range: range,
  Identity: copy,
  Cast: copy,
  Reshape: copy,
  Flatten: copy,
  Squeeze: copy,
  Unsqueeze: copy,
  Neg: map((x) => -x),
  Abs: map(Math.abs),
  Floor: map(Math.floor),
  Ceil: map(Math.ceil),
  Sqrt: map(Math.sqrt),
  Reciprocal: map((x) => 1 / x),
  Not: map((x) => (x ? 0 : 1)),
  Add: combine((a, b) => a + b),
  Sub: combine((a, b) => a - b),
  Mul: combine((a, b) => a * b),
  Div: (site) => (isInteger(site) ? divide(site).map((o) => o.map(Math.trunc)) : divide(site)),
  Mod: (site) => (intAttribute(site.node, 'fmod', 0) ? fmod(site) : combine(floorMod)(site)),
  Min: combine(Math.min),
  Max: combine(Math.max),
  And: combine((a, b) => (a && b ? 1 : 0)),
  Or: combine((a, b) => (a || b ? 1 : 0)),
  Equal: combine((a, b) => (a === b ? 1 : 0)),
  Less: combine((a, b) => (a < b ? 1 : 0)),
  LessOrEqual: combine((a, b) => (a <= b ? 1 : 0)),
  Greater: combine((a, b) => (a > b ? 1 : 0)),
  GreaterOrEqual: combine((a, b) => (a >= b ? 1 : 0)),
  Where: (site) => each(site, (i) => (at(site, 0, i) ? at(site, 1, i) : at(site, 2, i))),
  Expand: (site) => each(site, (index) => at(site, 0, index)),
  Tile: (site) =>
    each(site, (index) => {
      const { shape, values } = site.inputs[0]!;
      return values[
        ravelBroadcast(
          index.map((i, a) => i % shape[a]!),
          shape,
        )
      ]!;
    }),
  ReduceProd: reduce((a, b) => a * b),
  ReduceMax: reduce(Math.max),
  ReduceMin: reduce(Math.min),
  ReduceSum: (site) =>
    isInteger(site) ? reduce((a, b) => a + b)(site) : reduce((a, b) => Math.fround(a + b))(site),
  Gather: gather,
  Slice: slice,
  Concat: concat,
  Split: split,
  Transpose: transpose,
};

/** Smallest and largest integer of a type; beyond 2^53 numbers are not exact. */
const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  int64: [-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  uint32: [0, 2 ** 32 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint8: [0, 255],
  int8: [-128, 127],
};

/** 2^63, which ONNX uses as "to the end": it is only handed on. */
const HANDED_ON =
  /^(Constant|Identity|Reshape|Flatten|Squeeze|Unsqueeze|Concat|Gather|Slice|Split)$/;

/** The values as the type holds them, or undefined where it does not: overflow and division by zero are the runtime's. */
function round(
  op: string,
  values: readonly number[],
  type: TensorType,
): readonly number[] | undefined {
  if (type.dataType === 'float32') return values.map(Math.fround);
  if (type.dataType === 'bool') return values.map((v) => (v ? 1 : 0));
  if (!type.dataType.includes('int')) return values;
  const [low, high] = RANGES[type.dataType]!;
  // Integers have no -0.
  const whole = values.map((v) => Math.trunc(v) + 0);
  if (whole.every((v) => v >= low && v <= high) || HANDED_ON.test(op)) return whole;
  return undefined;
}

/**
 * Values of a node's outputs, or undefined where an input is unknown or the operator is not one that is folded.
 * @param inputs undefined where omitted; the caller checks that the others are known.
 */
export function fold(
  node: Node,
  inputs: readonly (Constant | undefined)[],
  outputs: readonly TensorType[],
): Constant[] | undefined {
  const rule = node.domain === '' ? entryOf(RULES, node.op) : undefined;
  const exact = (type: TensorType | undefined) => !type || !/16|uint64/.test(type.dataType);
  if (!rule || !inputs.every(exact) || !outputs.every(exact)) return undefined;
  const results = rule({ node, inputs, outputs })?.map((values, i) => {
    const { dataType, shape } = outputs[i]!;
    return { dataType, shape, values: round(node.op, values, outputs[i]!) };
  });
  const known = results?.every((result) => result.values !== undefined);
  return known ? (results as Constant[]) : undefined;
}

/** What Shape and Size yield for a tensor of the given shape. */
export function foldShape(node: Node, shape: readonly number[], output: TensorType): Constant {
  if (node.op === 'Size') return { ...output, values: [elementCount(shape)] };
  const start = intAttribute(node, 'start', 0);
  const from = Math.max(0, start < 0 ? start + shape.length : start);
  return { ...output, values: shape.slice(from, from + output.shape[0]!) };
}
