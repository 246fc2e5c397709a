/** Gradients of operators that move elements. */
import type { Value } from '../../build/builder';
import type { Expressions } from '../../build/expressions';
import { intAttribute, intsAttribute, stringAttribute } from '../../graph/graph';
import { normalizeAxis, type SliceRange, sliceRanges } from '../../graph/shape';
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
function unslice(
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

const pad: GradientRule = (site) => {
  const { g, node, x, dy } = site;
  const shape = g.shape(x);
  const mode = stringAttribute(node, 'mode', 'constant');
  if (mode !== 'constant') site.fail(`the gradient of mode "${mode}" is not supported`);
  const pads = site.constant(1);
  const axes = site.constantIfPresent(3) ?? shape.map((_, i) => i);
  return [
    () =>
      axes.reduce((value, given, i) => {
        const axis = normalizeAxis(given, shape.length);
        const [before, after] = [pads[i]!, pads[i + axes.length]!];
        const start = Math.max(0, before);
        const length = g.shape(value)[axis]! - start - Math.max(0, after);
        const cut = g.slice(value, axis, start, length);
        const zeros = shape.map(() => 0);
        // Negative padding removed elements: their gradient is zero.
        const missing = [
          zeros.with(axis, Math.max(0, -before)),
          zeros.with(axis, Math.max(0, -after)),
        ];
        return g.pad(cut, missing[0]!, missing[1]!);
      }, dy),
    null,
    null,
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
const gatherElements: GradientRule = (site) => {
  const { g, x, inputs, dy } = site;
  if (g.opset < 16) site.fail('its gradient needs operator set 16 or later');
  const axis = axisOf(site);
  return [
    () =>
      g.op('ScatterElements', [g.zeros(g.shape(x), x), inputs[1], dy], {
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
  GatherElements: gatherElements,
  Tile: tile,
  Pad: pad,
  DepthToSpace: depthToSpace,
  SpaceToDepth: ({ g, node, dy }) => [
    () => g.op('DepthToSpace', [dy], { blocksize: intAttribute(node, 'blocksize', 1) }),
  ],
  /** y = x above or below a diagonal, else 0 */
  Trilu: ({ g, node, inputs, dy }) => [
    () =>
      g.op('Trilu', inputs[1] ? [dy, inputs[1]] : [dy], { upper: intAttribute(node, 'upper', 1) }),
    null,
  ],
};
