/**
 * Gradients of pooling and resizing. Means and resizing are linear and act on each axis apart: y = R_h x R_w^T with
 * constant matrices, hence dx = R_h^T dy R_w. Whole-number factors have a faster form.
 */
import type { Value } from '../../build/builder';
import type { Expressions } from '../../build/expressions';
import {
  elementCount,
  floatAttribute,
  intAttribute,
  intsAttribute,
  stringAttribute,
} from '../../graph/graph';
import { normalizeAxis } from '../../graph/shape';
import { type Window, window } from '../../infer/window';
import { unslice } from './layout';
import { adjoint, type LinearMap } from './linear_map';
import type { GradientRule, GradientSite } from './rule';

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
  const along = (axis: number): LinearMap => {
    const from = input[axis]!;
    const taps = (o: number) => {
      const first = o * w.strides[axis]! - w.padsBegin[axis]!;
      const at = Array.from({ length: w.kernel[axis]! }, (__, k) => first + k * w.dilations[axis]!);
      const inside = at.filter((i) => i >= 0 && i < from);
      const padded = at.filter((i) => i < from + w.padsEnd[axis]!);
      const share = 1 / (countPadding ? padded : inside).length;
      return inside.map((i) => [i, share] as const);
    };
    return { to: w.output[axis]!, from, taps };
  };
  return [
    () => {
      const count = w.kernel.reduce((product, k) => product * k, 1);
      if (tiles(w, input)) return repeat(g, g.scale(dy, 1 / count), w.kernel);
      return input.reduce((value, _, axis) => adjoint(g, value, along(axis), axis + 2), dy);
    },
  ];
};

/** Most positions of a window whose maximum is differentiated: each takes a few nodes. */
const LARGEST_WINDOW = 1024;

/** y = max of the window: dy to the elements that attain it; where windows overlap, to the first of each. */
const maxPool: GradientRule = (site) => {
  const { g, node, x, y, dy } = site;
  const w = window(site, intsAttribute(node, 'kernel_shape') ?? []);
  if (elementCount(w.kernel) > LARGEST_WINDOW) {
    site.fail(`the gradient of a window of [${w.kernel}] is not supported`);
  }
  return [
    () => {
      if (!tiles(w, g.shape(x).slice(2))) return overlappingMaxPool(g, x, y, dy, w);
      const hit = g.op('Equal', [x, repeat(g, y, w.kernel)]);
      return g.where(hit, repeat(g, dy, w.kernel), g.scalar(0, dy));
    },
  ];
};

/** For each position in the window: the elements there, whether they are the maximum, and dy put back where they are. */
function overlappingMaxPool(g: Expressions, x: Value, y: Value, dy: Value, w: Window): Value {
  const input = g.shape(x).slice(2);
  // How far the last window reaches, which may be beyond the padding or short of it.
  const reach = input.map((_, i) => {
    const span = w.dilations[i]! * (w.kernel[i]! - 1) + 1;
    return (w.output[i]! - 1) * w.strides[i]! + span;
  });
  const after = input.map((length, i) => Math.max(0, reach[i]! - w.padsBegin[i]! - length));
  const whole = input.map((length, i) => w.padsBegin[i]! + length + after[i]!);
  const lowest = g.scalar(Number.NEGATIVE_INFINITY, x);
  const pads = g.integers([0, 0, ...w.padsBegin, 0, 0, ...after]);
  const padded = g.op('Pad', [x, pads, lowest]);

  const starts = w.kernel.reduce<number[][]>(
    (lists, size, i) =>
      lists.flatMap((list) =>
        Array.from({ length: size }, (_, k) => [...list, k * w.dilations[i]!]),
      ),
    [[]],
  );
  const ranges = (start: readonly number[]) =>
    start.map((from, i) => ({
      ...{ axis: i + 2, start: from, step: w.strides[i]!, length: w.output[i]! },
    }));
  let taken: Value | undefined;
  const terms = starts.map((start) => {
    const seen = ranges(start).reduce(
      (value, r) => g.slice(value, r.axis, r.start, r.length, r.step),
      padded,
    );
    const equal = g.op('Equal', [seen, y]);
    const hit = taken === undefined ? equal : g.op('And', [equal, g.op('Not', [taken])]);
    taken = taken === undefined ? equal : g.op('Or', [taken, equal]);
    const share = g.where(hit, dy, g.scalar(0, dy));
    return ranges(start).reduce((value, r, i) => unslice(g, value, r, whole[i]!), share);
  });
  const sum = terms.reduce((a, b) => g.add(a, b));
  return input.reduce((value, length, i) => g.slice(value, i + 2, w.padsBegin[i]!, length), sum);
}

const { fround } = Math;

/**
 * Position in the input, a real number, that an output position stands for (attribute of the same name); undefined
 * where it lies outside and an extrapolated constant is put there. In float32, as runtimes compute it: which element is
 * nearest depends on it.
 */
function sourceOf(
  mode: string,
  o: number,
  scale: number,
  from: number,
  to: number,
  region: readonly [number, number],
): number | undefined {
  switch (mode) {
    case 'asymmetric':
      return fround(o / scale);
    case 'align_corners':
      return to === 1 ? 0 : fround(fround(o * (from - 1)) / (to - 1));
    case 'pytorch_half_pixel':
      return to === 1 ? 0 : fround(fround((o + 0.5) / scale) - 0.5);
    case 'half_pixel_symmetric': {
      const adjustment = to / (scale * from);
      return fround((from / 2) * (1 - adjustment) + (o + 0.5) / scale - 0.5);
    }
    case 'tf_crop_and_resize': {
      const [start, end] = region;
      const middle = 0.5 * (start + end) * (from - 1);
      const step = to > 1 ? ((end - start) * (from - 1)) / (to - 1) : 0;
      const source = fround(to > 1 ? start * (from - 1) + o * step : middle);
      return source < 0 || source > from - 1 ? undefined : source;
    }
    default:
      return fround(fround((o + 0.5) / scale) - 0.5);
  }
}

const ROUNDING: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** Keys' cubic convolution kernel (1981) of coefficient a at a distance. */
function cubicWeight(distance: number, a: number): number {
  const d = Math.abs(distance);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

/** How a resizing reads one axis. */
function resizeMap(site: GradientSite, axis: number, scale: number): LinearMap {
  const { g, node, x, y } = site;
  const [from, to] = [g.shape(x)[axis]!, g.shape(y)[axis]!];
  const mode = stringAttribute(node, 'mode', 'nearest');
  const coordinates = stringAttribute(node, 'coordinate_transformation_mode', 'half_pixel');
  const round = ROUNDING[stringAttribute(node, 'nearest_mode', 'round_prefer_floor')]!;
  const a = floatAttribute(node, 'cubic_coeff_a', -0.75);
  const excludeOutside = intAttribute(node, 'exclude_outside', 0) === 1;
  const clamp = (i: number) => Math.min(Math.max(i, 0), from - 1);
  const region = regionOf(site, axis);
  const taps = (o: number): readonly (readonly [number, number])[] => {
    const source = sourceOf(coordinates, o, scale, from, to, region);
    if (source === undefined) return [];
    if (mode === 'nearest') return [[clamp(round(source)), 1]];
    const low = Math.floor(source);
    const reach = mode === 'cubic' ? [-1, 0, 1, 2] : [0, 1];
    const weight = (i: number) =>
      mode === 'cubic' ? cubicWeight(source - i, a) : 1 - Math.abs(source - i);
    const all = reach.map((offset) => [low + offset, weight(low + offset)] as const);
    if (!excludeOutside) return all.map(([i, w]) => [clamp(i), w]);
    const inside = all.filter(([i]) => i >= 0 && i < from);
    const total = inside.reduce((sum, [, w]) => sum + w, 0);
    return inside.map(([i, w]) => [i, w / total]);
  };
  return { from, to, taps };
}

/** The part of an axis that tf_crop_and_resize looks at: the whole one unless stated. */
function regionOf(site: GradientSite, axis: number): readonly [number, number] {
  const roi = site.optionalConstant(1)?.values;
  if (!roi?.length) return [0, 1];
  const axes = intsAttribute(site.node, 'axes')?.map((a) => normalizeAxis(a, site.shape(0).length));
  const at = axes ? axes.indexOf(axis) : axis;
  return at < 0 ? [0, 1] : [roi[at]!, roi[at + roi.length / 2]!];
}

const resize: GradientRule = (site) => {
  const { g, node, x, y, dy } = site;
  const [from, to] = [g.shape(x), g.shape(y)];
  if (intAttribute(node, 'antialias', 0)) site.fail('the gradient of antialias is not supported');
  const cropped =
    stringAttribute(node, 'coordinate_transformation_mode', '') === 'tf_crop_and_resize';
  if (cropped && node.inputs[1] && !site.optionalConstant(1)) site.constant(1);
  const axes = intsAttribute(node, 'axes')?.map((axis) => normalizeAxis(axis, from.length));
  const scales = site.optionalConstant(2)?.values;
  const scaleOf = (axis: number) => {
    const at = axes ? axes.indexOf(axis) : axis;
    return scales?.length && at >= 0 ? scales[at]! : fround(to[axis]! / from[axis]!);
  };
  const changed = from.flatMap((length, axis) => {
    const moved = length !== to[axis] || scaleOf(axis) !== 1 || cropped;
    return moved ? [axis] : [];
  });
  return [
    () => {
      const maps = changed.map((axis) => resizeMap(site, axis, scaleOf(axis)));
      const factors = from.slice(2).map((length, i) => to[i + 2]! / length);
      const isRepeat = (map: LinearMap, i: number) => {
        const factor = factors[changed[i]! - 2]!;
        return Array.from({ length: map.to }, (_, o) => map.taps(o)).every(
          (taps, o) => taps.length === 1 && taps[0]![0] === Math.floor(o / factor),
        );
      };
      const spatial = changed.every((axis) => axis >= 2) && factors.every(Number.isInteger);
      if (spatial && maps.every(isRepeat)) return blockSum(g, dy, factors);
      return changed.reduce((value, axis, i) => adjoint(g, value, maps[i]!, axis), dy);
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
