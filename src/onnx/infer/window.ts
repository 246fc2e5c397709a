/** The sliding window of convolutions and pooling, with padding resolved to numbers. */
import { intAttribute, intsAttribute, stringAttribute } from '../graph/graph';
import { sameShape } from '../graph/shape';
import type { Site } from './rule';

/** Per spatial axis. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padsBegin: readonly number[];
  readonly padsEnd: readonly number[];
  /** Spatial lengths of the output. */
  readonly output: readonly number[];
}

/** An attribute with one number for each spatial axis. */
function perAxis(site: Site, name: string, rank: number, fallback: number): readonly number[] {
  const given = intsAttribute(site.node, name) ?? new Array<number>(rank).fill(fallback);
  if (given.length !== rank || given.some((value) => value < fallback)) {
    site.fail(`${name} [${given}] does not fit ${rank} spatial axes`);
  }
  return given;
}

function common(site: Site, kernel: readonly number[]) {
  const rank = kernel.length;
  const stated = intsAttribute(site.node, 'kernel_shape') ?? kernel;
  if (
    rank !== site.shape(0).length - 2 ||
    !sameShape(stated, kernel) ||
    kernel.some((k) => k < 1)
  ) {
    site.fail(`a window of [${stated}] does not fit [${site.shape(0)}]`);
  }
  const autoPad = stringAttribute(site.node, 'auto_pad', 'NOTSET');
  const explicit = autoPad === 'NOTSET' || autoPad === '';
  const pads = intsAttribute(site.node, 'pads') ?? new Array<number>(2 * rank).fill(0);
  if (pads.length !== 2 * rank) site.fail(`pads [${pads}] do not fit ${rank} spatial axes`);
  return {
    kernel,
    strides: perAxis(site, 'strides', rank, 1),
    dilations: perAxis(site, 'dilations', rank, 1),
    padsBegin: kernel.map((_, i) => (explicit ? pads[i]! : 0)),
    padsEnd: kernel.map((_, i) => (explicit ? pads[i + rank]! : 0)),
    autoPad,
  };
}

/**
 * The window of a Conv, AveragePool or MaxPool on input 0, whose shape is [N, C, spatial...].
 * @throws {OnnxError} if it is larger than the padded input.
 */
export function window(site: Site, kernel: readonly number[]): Window {
  const { autoPad, ...w } = common(site, kernel);
  const input = site.shape(0).slice(2);
  const spans = kernel.map((k, i) => w.dilations[i]! * (k - 1) + 1);
  if (autoPad.startsWith('SAME')) {
    const output = input.map((length, i) => Math.ceil(length / w.strides[i]!));
    const { small, large } = halves(
      output.map((length, i) => Math.max(0, (length - 1) * w.strides[i]! + spans[i]! - input[i]!)),
    );
    const upper = autoPad === 'SAME_UPPER';
    return { ...w, padsBegin: upper ? small : large, padsEnd: upper ? large : small, output };
  }
  const ceil = intAttribute(site.node, 'ceil_mode', 0) === 1;
  const output = input.map((length, i) => {
    const stride = w.strides[i]!;
    const room = length + w.padsBegin[i]! + w.padsEnd[i]! - spans[i]!;
    if (room < 0) {
      site.fail(`a window of [${spans}] is larger than the padded input [${input}]`);
    }
    const count = (ceil ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1;
    // The last window must not start behind the input.
    const starts = (count - 1) * stride < length + w.padsBegin[i]!;
    return ceil && !starts ? count - 1 : count;
  });
  return { ...w, output };
}

/** Totals cut in two: the smaller parts and the larger ones. */
function halves(totals: readonly number[]) {
  const small = totals.map((total) => Math.floor(total / 2));
  return { small, large: totals.map((total, i) => total - small[i]!) };
}

/** The window of a ConvTranspose; `auto_pad` and `output_shape` are resolved to padding. */
export function transposedWindow(site: Site, kernel: readonly number[]): Window {
  const { autoPad, ...w } = common(site, kernel);
  const rank = kernel.length;
  const extra = perAxis(site, 'output_padding', rank, 0);
  const stated = intsAttribute(site.node, 'output_shape')?.slice(-rank);
  const input = site.shape(0).slice(2);
  const whole = input.map((length, i) => {
    const span = w.dilations[i]! * (kernel[i]! - 1) + 1;
    return (length - 1) * w.strides[i]! + span + extra[i]!;
  });
  if (!stated && !autoPad.startsWith('SAME')) {
    const output = whole.map((length, i) => length - w.padsBegin[i]! - w.padsEnd[i]!);
    return { ...w, output };
  }
  const output = stated ?? input.map((length, i) => length * w.strides[i]!);
  const totals = whole.map((length, i) => length - output[i]!);
  if (totals.some((total) => total < 0)) {
    site.fail(`cannot reach the output [${output}] from [${input}]: state output_padding`);
  }
  const { small, large } = halves(totals);
  // The odd element is cut at the end only where the padding is SAME_UPPER.
  const upper = autoPad === 'SAME_UPPER';
  return { ...w, padsBegin: upper ? small : large, padsEnd: upper ? large : small, output };
}
