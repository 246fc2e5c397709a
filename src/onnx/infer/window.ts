/** The sliding window of convolutions and pooling, with padding resolved to numbers. */
import { intAttribute, intsAttribute, stringAttribute } from '../graph/graph';
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

function common(site: Site, kernel: readonly number[]) {
  const rank = kernel.length;
  const pads = intsAttribute(site.node, 'pads') ?? new Array<number>(2 * rank).fill(0);
  return {
    kernel,
    strides: intsAttribute(site.node, 'strides') ?? kernel.map(() => 1),
    dilations: intsAttribute(site.node, 'dilations') ?? kernel.map(() => 1),
    padsBegin: pads.slice(0, rank),
    padsEnd: pads.slice(rank),
    autoPad: stringAttribute(site.node, 'auto_pad', 'NOTSET'),
  };
}

/** The window of a Conv, AveragePool or MaxPool on input 0, whose shape is [N, C, spatial...]. */
export function window(site: Site, kernel: readonly number[]): Window {
  const { autoPad, ...w } = common(site, kernel);
  const input = site.shape(0).slice(2);
  const spans = kernel.map((k, i) => w.dilations[i]! * (k - 1) + 1);
  if (autoPad.startsWith('SAME')) {
    const output = input.map((length, i) => Math.ceil(length / w.strides[i]!));
    const totals = output.map((length, i) =>
      Math.max(0, (length - 1) * w.strides[i]! + spans[i]! - input[i]!),
    );
    const small = totals.map((total) => Math.floor(total / 2));
    const large = totals.map((total, i) => total - small[i]!);
    const upper = autoPad === 'SAME_UPPER';
    return { ...w, padsBegin: upper ? small : large, padsEnd: upper ? large : small, output };
  }
  const round = intAttribute(site.node, 'ceil_mode', 0) ? Math.ceil : Math.floor;
  const output = input.map((length, i) => {
    const padded = length + w.padsBegin[i]! + w.padsEnd[i]!;
    return round((padded - spans[i]!) / w.strides[i]!) + 1;
  });
  return { ...w, output };
}

/** The window of a ConvTranspose. */
export function transposedWindow(site: Site, kernel: readonly number[]): Window {
  const { autoPad, ...w } = common(site, kernel);
  if (autoPad.startsWith('SAME') || intsAttribute(site.node, 'output_shape')) {
    site.fail('auto_pad and output_shape are not supported: state pads and output_padding');
  }
  const extra = intsAttribute(site.node, 'output_padding') ?? kernel.map(() => 0);
  const output = site
    .shape(0)
    .slice(2)
    .map((length, i) => {
      const span = w.dilations[i]! * (kernel[i]! - 1) + 1;
      const pads = w.padsBegin[i]! + w.padsEnd[i]!;
      return (length - 1) * w.strides[i]! + span + extra[i]! - pads;
    });
  return { ...w, output };
}
