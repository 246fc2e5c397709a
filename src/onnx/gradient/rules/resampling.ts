/**
 * Gradients of pooling and resizing. These are linear and act on each spatial axis apart: y = R_h x R_w^T with small
 * constant matrices, hence dx = R_h^T dy R_w. Whole-number factors have a faster form.
 */
import type { Value } from '../../build/builder';
import type { Expressions } from '../../build/expressions';
import { intAttribute, intsAttribute, stringAttribute } from '../../graph/graph';
import { normalizeAxis } from '../../graph/shape';
import { type Window, window } from '../../infer/window';
import type { GradientRule, GradientSite } from './rule';

/** Row-major [out, in]: how much each output position takes of each input position. */
type Matrix = readonly (readonly number[])[];

/** dx of y = M x along one axis: M^T dy. */
function adjoint(g: Expressions, dy: Value, matrix: Matrix, axis: number): Value {
  const shape = g.shape(dy);
  const [to, from] = [matrix.length, matrix[0]!.length];
  const size = (part: readonly number[]) => part.reduce((product, length) => product * length, 1);
  const [outer, inner] = [size(shape.slice(0, axis)), size(shape.slice(axis + 1))];
  const result = shape.with(axis, from);
  if (inner === 1) {
    const rows = g.reshape(dy, [outer, to]);
    return g.reshape(g.matmul(rows, g.constant(matrix.flat(), [to, from], g.dataType(dy))), result);
  }
  const transposed = Array.from({ length: from }, (_, i) => matrix.map((row) => row[i]!)).flat();
  const left = g.constant(transposed, [from, to], g.dataType(dy));
  return g.reshape(g.matmul(left, g.reshape(dy, [outer, to, inner])), result);
}

/** Each element repeated `factors[i]` times along spatial axis i. */
function repeat(g: Expressions, a: Value, factors: readonly number[]): Value {
  const [n, c, ...spatial] = g.shape(a) as [number, number, ...number[]];
  const apart = g.reshape(a, [n, c, ...spatial.flatMap((length) => [length, 1])]);
  const blocks = spatial.flatMap((length, i) => [length, factors[i]!]);
  const wide = spatial.map((length, i) => length * factors[i]!);
  return g.reshape(g.expand(apart, [n, c, ...blocks]), [n, c, ...wide]);
}

/** Sum over blocks of `factors` elements: the adjoint of `repeat`. */
function blockSum(g: Expressions, a: Value, factors: readonly number[]): Value {
  const [n, c, ...spatial] = g.shape(a) as [number, number, ...number[]];
  const count = factors.reduce((product, factor) => product * factor, 1);
  if (spatial.length === 2) {
    const kernel = { kernel_shape: factors, strides: factors };
    return g.scale(g.op('AveragePool', [a], kernel), count);
  }
  const blocks = spatial.flatMap((length, i) => [length / factors[i]!, factors[i]!]);
  const axes = factors.map((_, i) => 3 + 2 * i);
  return g.sum(g.reshape(a, [n, c, ...blocks]), axes, false);
}

/** Whether windows tile the input exactly: no padding, no overlap, no remainder. */
const tiles = (w: Window, input: readonly number[]) =>
  w.kernel.every(
    (k, i) =>
      w.strides[i] === k &&
      w.dilations[i] === 1 &&
      w.output[i]! * k === input[i] &&
      !w.padsBegin[i],
  );

const averagePool: GradientRule = (site) => {
  const { g, node, x, dy } = site;
  const w = window(site, intsAttribute(node, 'kernel_shape') ?? []);
  const input = g.shape(x).slice(2);
  const countPadding = intAttribute(node, 'count_include_pad', 0) === 1;
  const matrix = (axis: number): Matrix =>
    Array.from({ length: w.output[axis]! }, (_, o) => {
      const first = o * w.strides[axis]! - w.padsBegin[axis]!;
      const at = Array.from({ length: w.kernel[axis]! }, (__, k) => first + k * w.dilations[axis]!);
      const inside = at.filter((i) => i >= 0 && i < input[axis]!);
      const padded = at.filter((i) => i < input[axis]! + w.padsEnd[axis]!);
      const share = 1 / (countPadding ? padded : inside).length;
      return Array.from({ length: input[axis]! }, (__, i) => (inside.includes(i) ? share : 0));
    });
  return [
    () => {
      const count = w.kernel.reduce((product, k) => product * k, 1);
      if (tiles(w, input)) return repeat(g, g.scale(dy, 1 / count), w.kernel);
      return input.reduce((value, _, axis) => adjoint(g, value, matrix(axis), axis + 2), dy);
    },
  ];
};

/** y = max of the window: dy to the elements that attain it */
const maxPool: GradientRule = (site) => {
  const { g, node, x, y, dy } = site;
  const w = window(site, intsAttribute(node, 'kernel_shape') ?? []);
  if (!tiles(w, g.shape(x).slice(2))) {
    site.fail('its gradient is supported only where windows neither overlap nor leave a remainder');
  }
  return [
    () => {
      const hit = g.op('Equal', [x, repeat(g, y, w.kernel)]);
      return g.where(hit, repeat(g, dy, w.kernel), g.scalar(0, dy));
    },
  ];
};

/** Position in the input, a real number, that an output position stands for (attribute of the same name). */
function sourceOf(mode: string, o: number, scale: number, from: number, to: number): number {
  switch (mode) {
    case 'asymmetric':
      return o / scale;
    case 'align_corners':
      return to === 1 ? 0 : (o * (from - 1)) / (to - 1);
    case 'pytorch_half_pixel':
      return to === 1 ? 0 : (o + 0.5) / scale - 0.5;
    case 'half_pixel_symmetric': {
      const adjustment = to / (scale * from);
      return (from / 2) * (1 - adjustment) + (o + 0.5) / scale - 0.5;
    }
    default:
      return (o + 0.5) / scale - 0.5;
  }
}

const ROUNDING: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

function resizeMatrix(site: GradientSite, scale: number, from: number, to: number): Matrix {
  const { node } = site;
  const mode = stringAttribute(node, 'mode', 'nearest');
  const coordinates = stringAttribute(node, 'coordinate_transformation_mode', 'half_pixel');
  const round = ROUNDING[stringAttribute(node, 'nearest_mode', 'round_prefer_floor')]!;
  const clamp = (i: number) => Math.min(Math.max(i, 0), from - 1);
  if (mode === 'cubic' || coordinates === 'tf_crop_and_resize') {
    site.fail(`the gradient of ${mode} resizing with ${coordinates} is not supported`);
  }
  if (intAttribute(node, 'antialias', 0)) site.fail('the gradient of antialias is not supported');
  return Array.from({ length: to }, (_, o) => {
    const row = new Array<number>(from).fill(0);
    const source = sourceOf(coordinates, o, scale, from, to);
    if (mode === 'nearest') {
      row[clamp(round(source))] = 1;
      return row;
    }
    const low = Math.floor(source);
    row[clamp(low)]! += 1 - (source - low);
    row[clamp(low + 1)]! += source - low;
    return row;
  });
}

const resize: GradientRule = (site) => {
  const { g, node, x, y, dy } = site;
  const [from, to] = [g.shape(x), g.shape(y)];
  const axes = intsAttribute(node, 'axes')?.map((axis) => normalizeAxis(axis, from.length));
  const scales = site.optionalConstant(2)?.values;
  const scaleOf = (axis: number) => {
    const at = axes ? axes.indexOf(axis) : axis;
    return scales?.length && at >= 0 ? scales[at]! : to[axis]! / from[axis]!;
  };
  const changed = from.map((_, axis) => axis).filter((axis) => from[axis] !== to[axis]);
  const matrices = () =>
    changed.map((axis) => resizeMatrix(site, scaleOf(axis), from[axis]!, to[axis]!));
  return [
    () => {
      const all = matrices();
      const factors = from.slice(2).map((length, i) => to[i + 2]! / length);
      const isRepeat = (matrix: Matrix, i: number) =>
        matrix.every((row, o) => row[Math.floor(o / factors[changed[i]! - 2]!)] === 1);
      const spatial = changed.every((axis) => axis >= 2) && factors.every(Number.isInteger);
      if (spatial && all.every(isRepeat)) return blockSum(g, dy, factors);
      return changed.reduce((value, axis, i) => adjoint(g, value, all[i]!, axis), dy);
    },
    null,
    null,
    null,
  ];
};

/** y = mean over all positions */
const globalAveragePool: GradientRule = ({ g, x, dy }) => [
  () => {
    const count = g
      .shape(x)
      .slice(2)
      .reduce((product, length) => product * length, 1);
    return g.scale(dy, 1 / count);
  },
];

const globalMaxPool: GradientRule = ({ g, x, y, dy }) => [
  () => g.where(g.op('Equal', [x, y]), dy, g.scalar(0, dy)),
];

export const resamplingGradients: Readonly<Record<string, GradientRule>> = {
  AveragePool: averagePool,
  MaxPool: maxPool,
  GlobalAveragePool: globalAveragePool,
  GlobalMaxPool: globalMaxPool,
  Resize: resize,
};
