/** Gradients of operators that move elements. */
import type { Value } from '../../build/builder';
import type { Expressions } from '../../build/expressions';
import { intAttribute, intsAttribute, stringAttribute } from '../../graph/graph';
import { normalizeAxis, type SliceRange, sliceRanges } from '../../graph/shape';
import { adjoint } from './linear_map';
import type { Gradient, GradientRule, GradientSite } from './rule';

/** The same elements in another shape. */
const reshaped: GradientRule = ({ g, x, dy }) => [() => g.reshape(dy, g.shape(x)), null];

const axisOf = ({ g, node, x }: GradientSite, fallback = 0): number =>
  normalizeAxis(intAttribute(node, 'axis', fallback), g.shape(x).length);

const transpose: GradientRule = ({ g, node, x, dy }) => [
  () => {
    const rank = g.shape(x).length;
    const axes = Array.from({ length: rank }, (_, i) => i);
    const perm = intsAttribute(node, 'perm') ?? axes.toReversed();
    return g.transpose(
      dy,
      axes.map((axis) => perm.indexOf(axis)),
    );
  },
];

const concat: GradientRule = (site) => {
  const { g, dy, inputs } = site;
  const axis = axisOf(site);
  let offset = 0;
  return inputs.map((input) => {
    const start = offset;
    const length = g.shape(input)[axis]!;
    offset += length;
    return () => g.slice(dy, axis, start, length);
  });
};

const split: GradientRule = (site) => {
  const { g, node, dys } = site;
  const axis = axisOf(site);
  let offset = 0;
  const parts = node.outputs.flatMap((output, i) => {
    const start = offset;
    offset += g.shape(output)[axis]!;
    return dys[i] ? [{ axis, start, value: dys[i] }] : [];
  });
  return [() => parts, null];
};

/** Zeros between and around the elements, so that they lie where the slice took them from. */
export function unslice(
  g: Expressions,
  value: Value,
  { axis, start, step, length }: SliceRange,
  size: number,
) {
  const forward = step > 0;
  const ordered = forward
    ? value
    : g.gather(
        value,
        Array.from({ length }, (_, i) => length - 1 - i),
        axis,
      );
  const stride = Math.abs(step);
  const first = forward ? start : start + (length - 1) * step;
  const shape = g.shape(ordered);
  const zeros = shape.map(() => 0);
  let spread = ordered;
  if (stride > 1) {
    const apart = g.reshape(ordered, shape.toSpliced(axis + 1, 0, 1));
    const widths = [...zeros, 0].with(axis + 1, stride - 1);
    const gaps = g.pad(apart, [...zeros, 0], widths);
    const whole = g.reshape(gaps, shape.with(axis, length * stride));
    spread = g.slice(whole, axis, 0, (length - 1) * stride + 1);
  }
  const end = size - first - ((length - 1) * stride + 1);
  return g.pad(spread, zeros.with(axis, first), zeros.with(axis, end));
}

const slice: GradientRule = (site) => {
  const { g, x, dy } = site;
  const shape = g.shape(x);
  const all = sliceRanges(
    shape,
    site.constant(1),
    site.constant(2),
    site.constantIfPresent(3),
    site.constantIfPresent(4),
  );
  const ranges = all.filter((r) => r.start !== 0 || r.step !== 1 || r.length !== shape[r.axis]);
  const gradient = (): Gradient => {
    const [only] = ranges;
    if (ranges.length === 1 && only!.step === 1) {
      return [{ axis: only!.axis, start: only!.start, value: dy }];
    }
    return ranges.reduce((value, range) => unslice(g, value, range, shape[range.axis]!), dy);
  };
  return [gradient, null, null, null, null];
};

/**
 * y = x[indices] along an axis: dx = one-hot(indices)^T dy, a product that every runtime has, where scattered
 * addition is rare.
 */
const gather: GradientRule = (site) => {
  const { g, x, inputs, dy } = site;
  const axis = axisOf(site);
  const shape = g.shape(x);
  const size = shape[axis]!;
  const known = site.optionalConstant(1)?.values.map((i) => (i < 0 ? i + size : i));
  const contiguous = known?.every((index, i) => index === known[0]! + i);
  return [
    () => {
      const count = g.shape(inputs[1]).reduce((product, length) => product * length, 1);
      if (known && contiguous) {
        return [{ axis, start: known[0]!, value: g.reshape(dy, shape.with(axis, count)) }];
      }
      const inner = shape.slice(axis + 1).reduce((product, length) => product * length, 1);
      const outer = shape.slice(0, axis).reduce((product, length) => product * length, 1);
      const rows = g.reshape(dy, [outer, count, inner]);
      const selection = known ? selectionOf(g, known, size, dy) : oneHot(g, inputs[1], size, dy);
      return g.reshape(g.matmul(selection, rows), shape);
    },
    null,
  ];
};

const positions = (g: Expressions, size: number) =>
  g.constant(
    Array.from({ length: size }, (_, i) => i),
    [size, 1],
    'int64',
  );

/** [size, count]: column c holds a one in row indices[c]. */
function selectionOf(g: Expressions, indices: readonly number[], size: number, like: Value): Value {
  const row = g.constant(indices, [1, indices.length], 'int64');
  return g.cast(g.op('Equal', [positions(g, size), row]), g.dataType(like));
}

/** As `selectionOf`, of indices that are known only when the model runs. */
function oneHot(g: Expressions, indices: Value, size: number, like: Value): Value {
  const count = g.shape(indices).reduce((product, length) => product * length, 1);
  const row = g.reshape(g.cast(indices, 'int64'), [1, count]);
  const wrapped = g.op('Add', [row, g.constant(size, [], 'int64')]);
  const negative = g.op('Less', [row, g.constant(0, [], 'int64')]);
  const resolved = g.where(negative, wrapped, row);
  return g.cast(g.op('Equal', [positions(g, size), resolved]), g.dataType(like));
}

const tile: GradientRule = (site) => {
  const { g, x, dy } = site;
  const shape = g.shape(x);
  const repeats = site.constant(1);
  return [
    () => {
      const split = g.reshape(
        dy,
        shape.flatMap((length, axis) => [repeats[axis]!, length]),
      );
      const axes = shape.map((_, axis) => 2 * axis).filter((_, axis) => repeats[axis] !== 1);
      return g.reshape(g.sum(split, axes), shape);
    },
    null,
  ];
};

/** What a Pad does to one axis: `before` and `after` elements more, or fewer where negative. */
interface Padding {
  readonly axis: number;
  readonly before: number;
  readonly after: number;
}

/** The part of dy that lies over x, in the shape of x; elements that were cut off have none. */
function unpad(g: Expressions, dy: Value, { axis, before, after }: Padding): Value {
  const start = Math.max(0, before);
  const length = g.shape(dy)[axis]! - start - Math.max(0, after);
  const zeros = g.shape(dy).map(() => 0);
  return g.pad(
    g.slice(dy, axis, start, length),
    zeros.with(axis, Math.max(0, -before)),
    zeros.with(axis, Math.max(0, -after)),
  );
}

/** Where mode takes the element from that ends up at position i of an axis of `size`. */
function paddedFrom(mode: string, i: number, size: number): number {
  if (mode === 'edge') return Math.min(Math.max(i, 0), size - 1);
  if (mode === 'wrap') return ((i % size) + size) % size;
  const period = Math.max(1, 2 * (size - 1));
  const folded = ((i % period) + period) % period;
  return folded < size ? folded : period - folded;
}

/** dy of every other mode than constant: what was repeated is added to the element that it was taken from. */
function unrepeat(g: Expressions, dy: Value, mode: string, padding: Padding): Value {
  const { axis, before, after } = padding;
  const to = g.shape(dy)[axis]!;
  const size = to - before - after;
  const taps = (o: number) => [[paddedFrom(mode, o - before, size), 1]] as const;
  return adjoint(g, dy, { to, from: size, taps }, axis);
}

const pad: GradientRule = (site) => {
  const { g, node, x, dy } = site;
  const shape = g.shape(x);
  const mode = stringAttribute(node, 'mode', 'constant');
  const pads = site.constant(1);
  const axes = site.constantIfPresent(3) ?? shape.map((_, i) => i);
  const paddings = axes.map(
    (axis, i): Padding => ({
      axis: normalizeAxis(axis, shape.length),
      before: pads[i]!,
      after: pads[i + axes.length]!,
    }),
  );
  const whole = (value: Value) =>
    g.sum(
      value,
      g.shape(value).map((_, axis) => axis),
      false,
    );
  if (mode !== 'constant') {
    const odd = !['reflect', 'edge', 'wrap'].includes(mode) || pads.some((count) => count < 0);
    if (odd) site.fail(`the gradient of mode "${mode}" with pads [${pads}] is not supported`);
    const moved = paddings.filter(({ before, after }) => before !== 0 || after !== 0);
    return [() => moved.reduce((value, p) => unrepeat(g, value, mode, p), dy), null, null, null];
  }
  return [
    () => paddings.reduce((value, padding) => unpad(g, value, padding), dy),
    null,
    // The padding's own share: all of dy but what lies over x.
    () => {
      const inside = paddings.reduce((value, padding) => unpad(g, value, padding), dy);
      return g.reshape(g.sub(whole(dy), whole(inside)), site.shape(2));
    },
    null,
  ];
};

/** Undone by axes, as SpaceToDepth is not on every execution provider and has the order DCR only. */
const depthToSpace: GradientRule = ({ g, node, x, dy }) => [
  () => {
    const block = intAttribute(node, 'blocksize', 1);
    const [n, c, h, w] = g.shape(x) as [number, number, number, number];
    const blocks = g.reshape(dy, [n, c / block ** 2, h, block, w, block]);
    const depthFirst = stringAttribute(node, 'mode', 'DCR') === 'DCR';
    const moved = g.transpose(blocks, depthFirst ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4]);
    return g.reshape(moved, [n, c, h, w]);
  },
];

/** dx = dy scattered back by addition. */
const gathered =
  (scatter: string): GradientRule =>
  (site) => {
    const { g, node, x, inputs, dy } = site;
    if (g.opset < 16) site.fail('its gradient needs operator set 16 or later');
    if (intAttribute(node, 'batch_dims', 0))
      site.fail('the gradient of batch_dims is not supported');
    const along = scatter === 'ScatterElements' ? { axis: axisOf(site) } : {};
    return [
      () => g.op(scatter, [g.zeros(g.shape(x), x), inputs[1], dy], { ...along, reduction: 'add' }),
      null,
    ];
  };

/** y = x with some elements replaced by updates, or these added: what was replaced has no gradient. */
const scattered =
  (gather: string): GradientRule =>
  (site) => {
    const { g, node, inputs, dy } = site;
    const reduction = stringAttribute(node, 'reduction', 'none');
    if (reduction !== 'none' && reduction !== 'add') {
      site.fail(`the gradient of reduction "${reduction}" is not supported`);
    }
    const along = gather === 'GatherElements' ? { axis: axisOf(site) } : {};
    const none = () => g.zeros(site.shape(2), dy);
    return [
      () => (reduction === 'add' ? dy : g.op(node.op, [dy, inputs[1], none()], along)),
      null,
      () => g.op(gather, [dy, inputs[1]], along),
    ];
  };

/** The largest or smallest k: each element's gradient goes back to where it was. */
const topK: GradientRule = (site) => {
  const { g, node, x, dys } = site;
  if (g.opset < 16) site.fail('its gradient needs operator set 16 or later');
  const axis = axisOf(site, -1);
  return [
    () =>
      g.op('ScatterElements', [g.zeros(g.shape(x), x), node.outputs[1]!, dys[0]!], {
        ...{ axis, reduction: 'add' },
      }),
    null,
  ];
};

export const layoutGradients: Readonly<Record<string, GradientRule>> = {
  Reshape: reshaped,
  Flatten: reshaped,
  Squeeze: reshaped,
  Unsqueeze: reshaped,
  /** The sum over the repeats, which fitting dy to the input's shape takes */
  Expand: ({ dy }) => [() => dy, null],
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Gather: gather,
  GatherElements: gathered('ScatterElements'),
  GatherND: gathered('ScatterND'),
  ScatterElements: scattered('GatherElements'),
  ScatterND: scattered('GatherND'),
  TopK: topK,
  Tile: tile,
  Pad: pad,
  DepthToSpace: depthToSpace,
  SpaceToDepth: ({ g, node, dy }) => [
    () =>
      g.op('DepthToSpace', [dy], {
        blocksize: intAttribute(node, 'blocksize', 1),
        mode: stringAttribute(node, 'mode', 'DCR'),
      }),
  ],
  /** y = x above or below a diagonal, else 0 */
  Trilu: ({ g, node, inputs, dy }) => [
    () =>
      g.op('Trilu', inputs[1] ? [dy, inputs[1]] : [dy], { upper: intAttribute(node, 'upper', 1) }),
    null,
  ],
};
