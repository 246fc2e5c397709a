/**
 * Gradients of convolutions. The gradient by the input is itself emitted as a convolution with stride one, by a
 * rearranged weight, rather than as ConvTranspose: runtimes have a fast path for the one and rarely for the other,
 * and the rearrangement of a frozen weight is folded when the runtime loads the model.
 */
import type { Value } from '../../build/builder';
import type { Expressions } from '../../build/expressions';
import { elementCount, intAttribute } from '../../graph/graph';
import { transposedWindow, type Window, window } from '../../infer/window';
import type { GradientRule, GradientSite } from './rule';

/** How one axis of the transposed convolution reads its input; see `transposedConvolution`. */
interface Taps {
  /** Per output phase (position modulo stride) and tap: position in the kernel, or `kernel` for none. */
  readonly phases: readonly (readonly number[])[];
  readonly dilation: number;
  readonly padBegin: number;
  readonly padEnd: number;
  /** Positions per phase. */
  readonly count: number;
}

/**
 * x[i] = sum over k of y[(i + pad - dilation k) / stride] W[k], where that is an integer. For i = stride q + r the
 * y that are read lie at q + o with an offset o that depends on r and k only: a convolution with stride one per r.
 */
function tapsOf(w: Window, axis: number, from: number, to: number): Taps {
  const [kernel, stride, dilation] = [w.kernel[axis]!, w.strides[axis]!, w.dilations[axis]!];
  const pad = w.padsBegin[axis]!;
  const count = Math.ceil(to / stride);
  const step = stride === 1 ? dilation : 1;
  const offsets: number[][] = [];
  for (let r = 0; r < stride; r++) {
    offsets.push(Array.from({ length: kernel }, (_, k) => (r + pad - dilation * k) / stride));
  }
  const whole = offsets.flat().filter(Number.isInteger);
  const low = stride === 1 ? Math.min(...whole) : Math.min(0, ...whole);
  const high = Math.max(...whole);
  const taps = Array.from(
    { length: Math.floor((high - low) / step) + 1 },
    (_, t) => low + t * step,
  );
  const phases = offsets.map((list) =>
    taps.map((offset) => (list.includes(offset) ? list.indexOf(offset) : kernel)),
  );
  return { phases, dilation: step, padBegin: -low, padEnd: count + high - from, count };
}

/**
 * The adjoint of a convolution: y [N, O, ...] and W [O, C / group, ...] to x [N, C, spatial...].
 * @param w the window of the convolution that maps x to y.
 */
function transposedConvolution(
  g: Expressions,
  y: Value,
  weight: Value,
  w: Window,
  spatial: readonly number[],
  group: number,
): Value {
  const [n, o, ...from] = g.shape(y) as [number, number, ...number[]];
  const perGroup = g.shape(weight)[1]!;
  const taps = spatial.map((to, axis) => tapsOf(w, axis, from[axis]!, to));
  const rank = spatial.length;
  const strides = taps.map((t) => t.phases.length);
  const widths = taps.map((t) => t.phases[0]!.length);

  // W to [group, strides..., C / group, O / group, taps...]
  const picked = taps.reduce((value, { phases }, axis) => {
    const missing = phases.flat().some((k) => k === w.kernel[axis]);
    const after = g.shape(value).map((_, i) => (missing && i === axis + 2 ? 1 : 0));
    return g.gather(
      g.pad(
        value,
        after.map(() => 0),
        after,
      ),
      phases.flat(),
      axis + 2,
    );
  }, weight);
  const split = taps.flatMap((_, i) => [strides[i]!, widths[i]!]);
  const phaseAxes = taps.map((_, i) => 3 + 2 * i);
  const arranged = g.transpose(g.reshape(picked, [group, o / group, perGroup, ...split]), [
    ...[0, ...phaseAxes, 2, 1],
    ...phaseAxes.map((axis) => axis + 1),
  ]);
  const phaseCount = elementCount(strides);
  const channels = group * phaseCount * perGroup;
  const kernel = g.reshape(arranged, [channels, o / group, ...widths]);

  // A y that is longer than what x sees of it, or starts before it, is cut.
  const cropped = taps.reduce((value, t, axis) => {
    const start = Math.max(0, -t.padBegin);
    const length = from[axis]! - start - Math.max(0, -t.padEnd);
    return g.slice(value, axis + 2, start, length);
  }, y);
  const convolved = g.op('Conv', [cropped, kernel], {
    kernel_shape: widths,
    dilations: taps.map((t) => t.dilation),
    strides: widths.map(() => 1),
    pads: [...taps.map((t) => Math.max(0, t.padBegin)), ...taps.map((t) => Math.max(0, t.padEnd))],
    group,
  });
  if (phaseCount === 1) return convolved;

  // [N, group, strides..., C / group, counts...] to [N, C, counts x strides...]
  const counts = taps.map((t) => t.count);
  const phased = g.reshape(convolved, [n, group, ...strides, perGroup, ...counts]);
  const interleaved = counts.flatMap((_, i) => [3 + rank + i, 2 + i]);
  const whole = g.reshape(g.transpose(phased, [0, 1, 2 + rank, ...interleaved]), [
    ...[n, group * perGroup],
    ...counts.map((count, i) => count * strides[i]!),
  ]);
  return spatial.reduce((value, length, axis) => g.slice(value, axis + 2, 0, length), whole);
}

/**
 * dW of y = conv(x, W): the products of dy with the shifted copies of x that each kernel position sees.
 * x [N, C, ...] and dy [N, O, ...] to [O, C / group, kernel...].
 */
function weightGradient(g: Expressions, x: Value, dy: Value, w: Window, group: number): Value {
  const [n, c] = g.shape(x) as [number, number];
  const [, o, ...spatial] = g.shape(dy) as [number, number, ...number[]];
  const positions = elementCount(spatial);
  // A window may end before the padded input does.
  const after = spatial.map((length, i) => {
    const reach = (length - 1) * w.strides[i]! + w.dilations[i]! * (w.kernel[i]! - 1) + 1;
    return Math.max(0, reach - w.padsBegin[i]! - g.shape(x)[i + 2]!);
  });
  const padded = g.pad(x, [0, 0, ...w.padsBegin], [0, 0, ...after]);
  const shifted = w.kernel.reduce<Value[]>(
    (values, size, axis) =>
      values.flatMap((value) =>
        Array.from({ length: size }, (_, k) =>
          g.slice(value, axis + 2, k * w.dilations[axis]!, spatial[axis]!, w.strides[axis]!),
        ),
      ),
    [padded],
  );
  const columns = g.concat(
    shifted.map((value) => g.reshape(value, [n, group, c / group, 1, positions])),
    3,
  );
  const taps = elementCount(w.kernel);
  const matrix = g.reshape(columns, [n, group, (c / group) * taps, positions]);
  const rows = g.reshape(dy, [n, group, o / group, positions]);
  const product = g.sum(g.matmul(rows, g.swap(matrix)), [0]);
  return g.reshape(product, [o, c / group, ...w.kernel]);
}

/** Sum over all axes but the channels. */
const biasGradient = ({ g, dy }: GradientSite): Value =>
  g.sum(
    dy,
    g
      .shape(dy)
      .map((_, axis) => axis)
      .filter((axis) => axis !== 1),
    false,
  );

/** y = W * x + b: dx = W transposed * dy, dW = x correlated with dy, db = sum of dy */
const conv: GradientRule = (site) => {
  const { g, node, inputs, dy } = site;
  const [x, weight] = inputs;
  const w = window(site, g.shape(weight).slice(2));
  const group = intAttribute(node, 'group', 1);
  return [
    () => transposedConvolution(g, dy, weight, w, g.shape(x).slice(2), group),
    () => weightGradient(g, x, dy, w, group),
    () => biasGradient(site),
  ];
};

/** y = W transposed * x + b: dx = W * dy, dW = dy correlated with x, db = sum of dy */
const convTranspose: GradientRule = (site) => {
  const { g, node, inputs, dy } = site;
  const [x, weight] = inputs;
  const w = transposedWindow(site, g.shape(weight).slice(2));
  const group = intAttribute(node, 'group', 1);
  const { kernel, strides, dilations } = w;
  const pads = [...w.padsBegin, ...w.padsEnd];
  const byInput = () => {
    const wide = g.op('Conv', [dy, weight], {
      ...{ kernel_shape: kernel, strides, dilations, pads, group },
    });
    // output_padding can leave room for one more position than x has.
    return g
      .shape(x)
      .slice(2)
      .reduce((value, length, axis) => g.slice(value, axis + 2, 0, length), wide);
  };
  return [byInput, () => weightGradient(g, dy, x, w, group), () => biasGradient(site)];
};

export const convolutionGradients: Readonly<Record<string, GradientRule>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
};
