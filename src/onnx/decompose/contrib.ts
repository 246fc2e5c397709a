/**
 * Operators of the domain com.microsoft that onnxruntime's and optimum's optimisers put in the place of standard ones.
 * Source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
 */

import type { Value } from '../build/builder';
import type { Expressions } from '../build/expressions';
import {
  type Attribute,
  floatAttribute,
  floatsAttribute,
  intAttribute,
  intsAttribute,
  type Node,
  OnnxError,
  stringAttribute,
} from '../graph/graph';
import { sameShape } from '../graph/shape';
import { contribAttention } from './attention';
import type { Decomposition } from './decomposition';

/** A formula of the inputs, whose value becomes the first output. */
const formula =
  (f: (g: Expressions, inputs: readonly Value[], node: Node) => Value): Decomposition =>
  (g, node) => {
    if (node.outputs.slice(1).some(Boolean))
      throw new OnnxError('has outputs that are not supported');
    g.op('Identity', [f(g, node.inputs, node)], {}, node.outputs[0]!);
    return true;
  };

const silu = (g: Expressions, x: Value) => g.mul(x, g.sigmoid(x));

/** x P(x), P the normal distribution function. */
const gelu = (g: Expressions, x: Value) =>
  g.mul(g.scale(x, 0.5), g.shift(g.op('Erf', [g.scale(x, Math.SQRT1_2)]), 1));

/** x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) */
function fastGelu(g: Expressions, x: Value): Value {
  const inner = g.mul(x, g.shift(g.scale(g.square(x), 0.044715), 1));
  const bent = g.op('Tanh', [g.scale(inner, Math.sqrt(2 / Math.PI))]);
  return g.mul(g.scale(x, 0.5), g.shift(bent, 1));
}

const plus = (g: Expressions, x: Value, term: Value | undefined) => (term ? g.add(x, term) : x);

/** Of [N, H, W, C] the same as [N, C, H, W]. */
const channelsFirst = (g: Expressions, x: Value) => g.transpose(x, [0, 3, 1, 2]);
const channelsLast = (g: Expressions, x: Value) => g.transpose(x, [0, 2, 3, 1]);

/** Convolution of [N, H, W, C]; its weight is [M, kernel..., C / group], or [M, C / group, kernel...]. */
const nhwcConv = formula((g, [x, weight, bias], node) => {
  const [m, ...rest] = g.shape(weight!) as [number, ...number[]];
  const kernel = intsAttribute(node, 'kernel_shape') ?? rest.slice(0, -1);
  const channels = g.shape(x!)[3]! / intAttribute(node, 'group', 1);
  const last = sameShape(rest, [...kernel, channels]);
  if (!last && !sameShape(rest, [channels, ...kernel])) {
    throw new OnnxError(`weight [${m},${rest}] does not fit [${g.shape(x!)}]`);
  }
  const w = last ? g.transpose(weight!, [0, 3, 1, 2]) : weight!;
  const inputs = [channelsFirst(g, x!), w, ...(bias ? [bias] : [])];
  return channelsLast(g, g.op('Conv', inputs, node.attributes));
});

/** Group normalisation with scale and bias for each channel, and SiLU behind it where told. */
function groupNorm(g: Expressions, x: Value, scale: Value, bias: Value, node: Node): Value {
  const last = intAttribute(node, 'channels_last', 1) === 1;
  const first = last ? channelsFirst(g, x) : x;
  const [n, c, h, w] = g.shape(first) as [number, number, number, number];
  const groups = intAttribute(node, 'groups', 1);
  const dataType = g.dataType(x);
  const fill = (value: number) => g.constant(new Array(groups).fill(value), [groups], dataType);
  const epsilon: Attribute = { type: 'float', value: floatAttribute(node, 'epsilon', 1e-5) };
  const grouped = g.reshape(first, [n, groups, (c / groups) * h * w]);
  const normal = g.op('InstanceNormalization', [grouped, fill(1), fill(0)], { epsilon });
  const channel = (value: Value) => g.cast(g.reshape(value, [c, 1, 1]), dataType);
  const y = g.add(g.mul(g.reshape(normal, [n, c, h, w]), channel(scale)), channel(bias));
  const active = intAttribute(node, 'activation', 0) === 1 ? silu(g, y) : y;
  return last ? channelsLast(g, active) : active;
}

/** The sum of x, a skip and a bias, normalised; the sum itself may be a further output. */
const skipGroupNorm: Decomposition = (g, node) => {
  const [x, scale, bias, skip, added] = node.inputs as [Value, Value, Value, Value, Value?];
  const [n, , , c] = g.shape(x) as [number, number, number, number];
  const shape = g.shape(skip);
  const fits = shape.length === 2 ? g.reshape(skip, [n, 1, 1, c]) : skip;
  const sum = plus(g, g.add(x, fits), added);
  g.op('Identity', [groupNorm(g, sum, scale, bias, node)], {}, node.outputs[0]!);
  if (node.outputs[1]) g.op('Identity', [sum], {}, node.outputs[1]);
  return true;
};

/** Layer normalisation over the last axis: of x, or, without a mean, of its root mean square. */
function layerNorm(
  g: Expressions,
  x: Value,
  scale: Value,
  bias: Value | undefined,
  node: Node,
  centre: boolean,
) {
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  if (centre) {
    const attribute: Attribute = { type: 'float', value: epsilon };
    const inputs = bias ? [x, scale, bias] : [x, scale];
    return g.op('LayerNormalization', inputs, { axis: -1, epsilon: attribute });
  }
  const axis = g.shape(x).length - 1;
  const wide = g.widened(x);
  const root = g.sqrt(g.shift(g.mean(g.square(wide), [axis]), epsilon));
  const y = g.mul(g.cast(g.div(wide, root), g.dataType(x)), scale);
  return plus(g, y, bias);
}

const skipLayerNorm =
  (centre: boolean): Decomposition =>
  (g, node) => {
    const [x, skip, scale, ...rest] = node.inputs as [Value, Value, Value, ...Value[]];
    const [bias, added] = centre ? rest : [undefined, rest[0]];
    if (node.outputs[1] || node.outputs[2])
      throw new OnnxError('mean and deviation are not supported');
    const sum = plus(g, g.add(x, skip), added || undefined);
    g.op(
      'Identity',
      [layerNorm(g, sum, scale, bias || undefined, node, centre)],
      {},
      node.outputs[0]!,
    );
    if (node.outputs[3]) g.op('Identity', [sum], {}, node.outputs[3]);
    return true;
  };

/** What FusedConv and FusedGemm end with. */
function activated(g: Expressions, x: Value, node: Node): Value {
  const kind = stringAttribute(node, 'activation', '');
  const parameters = floatsAttribute(node, 'activation_params') ?? [];
  const alpha: Attribute = { type: 'float', value: parameters[0] ?? 0.01 };
  switch (kind) {
    case '':
      return x;
    case 'Relu':
    case 'Tanh':
    case 'Sigmoid':
      return g.op(kind, [x]);
    case 'LeakyRelu':
      return g.op(kind, [x], { alpha });
    case 'HardSigmoid':
      return g.op(kind, [x], { alpha, beta: { type: 'float', value: parameters[1] ?? 0.5 } });
    case 'Clip':
      return g.op(kind, [x, g.scalar(parameters[0]!, x), g.scalar(parameters[1]!, x)]);
    default:
      throw new OnnxError(`activation "${kind}" is not supported`);
  }
}

/** The attributes of a fused operator that its plain one has too. */
function plainAttributes(node: Node): Record<string, Attribute> {
  const kept = Object.entries(node.attributes).filter(([key]) => !key.startsWith('activation'));
  return Object.fromEntries(kept);
}

/** alpha A' B', where ' swaps the last two axes if told to. */
const fusedMatMul = formula((g, [a, b], node) => {
  const odd = ['transBatchA', 'transBatchB'].find((key) => intAttribute(node, key, 0));
  if (odd) throw new OnnxError(`${odd} is not supported`);
  const swapped = (x: Value, key: string) => (intAttribute(node, key, 0) ? g.swap(x) : x);
  const product = g.matmul(swapped(a!, 'transA'), swapped(b!, 'transB'));
  return g.scale(product, floatAttribute(node, 'alpha', 1));
});

/** (x + bias) in two halves, the left times the GELU of the right. */
const biasSplitGelu = formula((g, [x, bias]) => {
  const sum = g.add(x!, bias!);
  const axis = g.shape(sum).length - 1;
  const half = g.shape(sum)[axis]! / 2;
  return g.mul(g.slice(sum, axis, 0, half), gelu(g, g.slice(sum, axis, half, half)));
});

/** These are of the standard domain in onnxruntime's files, though ONNX has no such operator. */
export const unofficial: Readonly<Record<string, Decomposition>> = {
  SimplifiedLayerNormalization: formula((g, [x, scale], node) =>
    layerNorm(g, x!, scale!, undefined, node, false),
  ),
};

export const contrib: Readonly<Record<string, Decomposition>> = {
  ...unofficial,
  ...contribAttention,
  NhwcConv: nhwcConv,
  GroupNorm: formula((g, [x, scale, bias], node) => groupNorm(g, x!, scale!, bias!, node)),
  SkipGroupNorm: skipGroupNorm,
  SkipLayerNormalization: skipLayerNorm(true),
  SkipSimplifiedLayerNormalization: skipLayerNorm(false),
  BiasAdd: formula((g, [x, bias, skip]) => g.add(g.add(x!, bias!), skip!)),
  BiasGelu: formula((g, [x, bias]) => gelu(g, g.add(x!, bias!))),
  BiasSplitGelu: biasSplitGelu,
  Gelu: formula((g, [x]) => gelu(g, x!)),
  FastGelu: formula((g, [x, bias]) => fastGelu(g, plus(g, x!, bias))),
  QuickGelu: formula((g, [x], node) =>
    g.mul(x!, g.sigmoid(g.scale(x!, floatAttribute(node, 'alpha', 1.702)))),
  ),
  FusedMatMul: fusedMatMul,
  FusedConv: formula((g, [x, weight, bias, residual], node) => {
    const inputs = [x!, weight!, ...(bias ? [bias] : [])];
    return activated(g, plus(g, g.op('Conv', inputs, plainAttributes(node)), residual), node);
  }),
  FusedGemm: formula((g, [a, b, c], node) => {
    const inputs = [a!, b!, ...(c ? [c] : [])];
    return activated(g, g.op('Gemm', inputs, plainAttributes(node)), node);
  }),
};
