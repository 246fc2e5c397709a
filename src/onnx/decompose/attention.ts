/** Attention operators as the products and the softmax that they stand for. */

import type { Value } from '../build/builder';
import type { Expressions } from '../build/expressions';
import { type DataType, floatAttribute, intAttribute, type Node, OnnxError } from '../graph/graph';
import { dataTypeOfCode } from '../graph/tensor';
import type { Decomposition } from './decomposition';

/** Queries, keys and values [N, heads, length, width]. */
interface Heads {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
}

interface Scores {
  /** Factor on q k^T. */
  readonly scale: number;
  /** Values beyond it are bent back by its tanh; 0 for none. */
  readonly softcap?: number;
  /** Added to the scores, or, of booleans, true where a key is seen; broadcast to [N, heads, queries, keys]. */
  readonly masks: readonly Value[];
  /** Element type of the softmax, if not that of q. */
  readonly precision?: DataType;
}

/** What attention computes on its way. */
interface Attended {
  readonly y: Value;
  readonly product: Value;
  readonly capped: Value;
  readonly biased: Value;
  readonly probabilities: Value;
}

/** The most negative finite number of a type: what a key that is not seen gets instead of -infinity, which has no gradient. */
const lowestOf = (dataType: DataType) => (dataType === 'float16' ? -65504 : -3.4028234663852886e38);

/**
 * y = softmax(scale q k^T + masks) v (Vaswani et al. 2017, equation 1). A query that sees no key yields zero.
 */
function attend(g: Expressions, { q, k, v }: Heads, scores: Scores): Attended {
  const root = Math.sqrt(scores.scale);
  const product = g.matmul(g.scale(q, root), g.swap(g.scale(k, root)));
  const { softcap = 0 } = scores;
  const capped =
    softcap === 0 ? product : g.scale(g.op('Tanh', [g.scale(product, 1 / softcap)]), softcap);
  let biased = capped;
  const seen: Value[] = [];
  for (const mask of scores.masks) {
    const lowest = g.scalar(lowestOf(g.dataType(biased)), biased);
    if (g.dataType(mask) === 'bool') {
      seen.push(mask);
      biased = g.where(mask, biased, lowest);
    } else {
      const wide = g.cast(mask, g.dataType(biased));
      seen.push(g.op('GreaterOrEqual', [wide, lowest]));
      biased = g.add(biased, g.op('Max', [wide, lowest]));
    }
  }
  const dataType = g.dataType(q);
  const soft = g.op('Softmax', [g.cast(biased, scores.precision ?? dataType)], { axis: -1 });
  const weights = g.cast(soft, dataType);
  const probabilities = seen.reduce((p, mask) => g.where(mask, p, g.scalar(0, p)), weights);
  return { y: g.matmul(probabilities, v), product, capped, biased, probabilities };
}

/** True where key j is not behind query i, which stands `past` keys further on: [queries, keys]. */
function causal(g: Expressions, queries: number, keys: number, past: number): Value {
  const count = (length: number, first: number, shape: number[]) =>
    g.constant(
      Array.from({ length }, (_, i) => i + first),
      shape,
      'int64',
    );
  return g.op('LessOrEqual', [count(keys, 0, [1, keys]), count(queries, past, [queries, 1])]);
}

/** [N, length, heads x width] to [N, heads, length, width]. */
function toHeads(g: Expressions, x: Value, heads: number): Value {
  const [n, length, width] = g.shape(x) as [number, number, number];
  if (heads < 1 || width % heads !== 0) throw new OnnxError(`${width} is not ${heads} heads`);
  return g.transpose(g.reshape(x, [n, length, heads, width / heads]), [0, 2, 1, 3]);
}

/** [N, heads, length, width] to [N, length, heads x width]. */
function fromHeads(g: Expressions, x: Value): Value {
  const [n, heads, length, width] = g.shape(x) as [number, number, number, number];
  return g.reshape(g.transpose(x, [0, 2, 1, 3]), [n, length, heads * width]);
}

/** Each head of keys or values once for every head of queries that shares it. */
function shared(g: Expressions, x: Value, heads: number): Value {
  const [n, own, length, width] = g.shape(x) as [number, number, number, number];
  if (own === heads) return x;
  if (heads % own !== 0) throw new OnnxError(`${heads} heads of queries for ${own} of keys`);
  const apart = g.reshape(x, [n, own, 1, length, width]);
  const wide = g.expand(apart, [n, own, heads / own, length, width]);
  return g.reshape(wide, [n, heads, length, width]);
}

/** Gives an output of the node its value, where the node has it. */
function name(g: Expressions, node: Node, index: number, value: Value): void {
  const output = node.outputs[index];
  if (output) g.op('Identity', [value], {}, output);
}

const KNOWN = new Set([
  ...['is_causal', 'kv_num_heads', 'q_num_heads', 'qk_matmul_output_mode', 'scale', 'softcap'],
  'softmax_precision',
]);

/** Attention of operator set 23, which PyTorch's exporter emits for every scaled_dot_product_attention. */
const attention: Decomposition = (g, node) => {
  const odd = Object.keys(node.attributes).find((key) => !KNOWN.has(key));
  if (odd || node.inputs[6]) {
    throw new OnnxError(`${odd ?? 'nonpad_kv_seqlen'} is not supported`);
  }
  const [q0, k0, v0, mask, pastKey, pastValue] = node.inputs as [Value, Value, Value, ...Value[]];
  const flat = g.shape(q0).length === 3;
  const heads = intAttribute(node, 'q_num_heads', 0);
  const kvHeads = intAttribute(node, 'kv_num_heads', 0);
  const q = flat ? toHeads(g, q0, heads) : q0;
  const join = (past: Value | undefined, x: Value) => {
    const own = flat ? toHeads(g, x, kvHeads) : x;
    return past ? g.concat([past, own], 2) : own;
  };
  const [k, v] = [join(pastKey, k0), join(pastValue, v0)];
  const [, count, queries, width] = g.shape(q) as [number, number, number, number];
  const keys = g.shape(k)[2]!;
  const masks: Value[] = mask ? [paddedMask(g, mask, keys)] : [];
  if (intAttribute(node, 'is_causal', 0)) {
    masks.push(causal(g, queries, keys, pastKey ? g.shape(pastKey)[2]! : 0));
  }
  const precision = dataTypeOfCode(intAttribute(node, 'softmax_precision', 0));
  const result = attend(
    g,
    { q, k: shared(g, k, count), v: shared(g, v, count) },
    {
      scale: floatAttribute(node, 'scale', 1 / Math.sqrt(width)),
      softcap: floatAttribute(node, 'softcap', 0),
      masks,
      ...(precision && { precision }),
    },
  );
  name(g, node, 0, flat ? fromHeads(g, result.y) : result.y);
  name(g, node, 1, k);
  name(g, node, 2, v);
  const modes = [result.product, result.capped, result.biased, result.probabilities];
  if (node.outputs[3]) name(g, node, 3, modes[intAttribute(node, 'qk_matmul_output_mode', 0)]!);
  return true;
};

/** A mask that is shorter than the keys hides the rest of them. */
function paddedMask(g: Expressions, mask: Value, keys: number): Value {
  const shape = g.shape(mask);
  const missing = keys - shape.at(-1)!;
  if (missing <= 0 || shape.at(-1) === 1) return mask;
  const tail = shape.with(-1, missing);
  const rest =
    g.dataType(mask) === 'bool'
      ? g.op('Expand', [g.constant([0], [1], 'bool'), g.integers(tail)])
      : g.op('Expand', [g.scalar(Number.NEGATIVE_INFINITY, mask), g.integers(tail)]);
  return g.concat([mask, rest], shape.length - 1);
}

/** onnxruntime's MultiHeadAttention; keys and values, or all three, may come in one tensor. */
const multiHeadAttention: Decomposition = (g, node) => {
  const [query, key, value, bias, padding, added] = node.inputs as [Value, ...Value[]];
  if (node.inputs.slice(6).some((input) => input !== '') || node.outputs.slice(1).some(Boolean)) {
    throw new OnnxError('past keys and values are not supported');
  }
  const heads = intAttribute(node, 'num_heads', 1);
  // [N, length, heads, parts, width] to the parts, each [N, heads, length, width].
  const unpack = (x: Value, parts: number): Value[] => {
    const [n, length, count, , width] = g.shape(x) as [number, number, number, number, number];
    return Array.from({ length: parts }, (_, i) => {
      const part = g.reshape(g.slice(x, 3, i, 1), [n, length, count, width]);
      return g.transpose(part, [0, 2, 1, 3]);
    });
  };
  const biasOf = (start: number, width: number) => g.slice(bias!, 0, start, width);
  const project = (x: Value, start: number) => {
    if (g.shape(x).length === 4) return x;
    const width = g.shape(x).at(-1)!;
    return toHeads(g, bias ? g.add(x, biasOf(start, width)) : x, heads);
  };
  const packed = g.shape(query).length === 5 || (key && g.shape(key).length === 5);
  if (packed && bias) throw new OnnxError('a bias beside packed keys and values is not supported');
  let parts: Value[];
  if (g.shape(query).length === 5) parts = unpack(query, 3);
  else if (key && g.shape(key).length === 5) parts = [project(query, 0), ...unpack(key, 2)];
  else {
    const width = g.shape(query).at(-1)!;
    parts = [project(query, 0), project(key!, width), project(value!, 2 * width)];
  }
  const [q, k, v] = parts as [Value, Value, Value];
  const masks: Value[] = added ? [added] : [];
  const [n, , , width] = g.shape(q) as [number, number, number, number];
  const [queries, keys] = [g.shape(q)[2]!, g.shape(k)[2]!];
  if (padding) {
    const shape = g.shape(padding);
    if (shape.length !== 2 || shape[0] !== n || shape[1] !== keys) {
      throw new OnnxError(`a key padding mask of shape [${shape}] is not supported`);
    }
    masks.push(g.cast(g.reshape(padding, [n, 1, 1, keys]), 'bool'));
  }
  if (intAttribute(node, 'unidirectional', 0)) masks.push(causal(g, queries, keys, 0));
  const scale = floatAttribute(node, 'scale', 0) || 1 / Math.sqrt(width);
  name(g, node, 0, fromHeads(g, attend(g, { q, k, v }, { scale, masks }).y));
  return true;
};

/** onnxruntime's Attention: one matrix for queries, keys and values. */
const fusedAttention: Decomposition = (g, node) => {
  const [x, weight, bias] = node.inputs as [Value, Value, Value];
  if (node.inputs.slice(3).some((input) => input !== '') || node.outputs.slice(1).some(Boolean)) {
    throw new OnnxError('masks and past keys are not supported');
  }
  const odd = ['qkv_hidden_sizes', 'do_rotary'].find((key) => key in node.attributes);
  if (odd) throw new OnnxError(`${odd} is not supported`);
  const heads = intAttribute(node, 'num_heads', 1);
  const product = g.matmul(x, weight);
  const all = bias ? g.add(product, bias) : product;
  const width = g.shape(all).at(-1)! / 3;
  const [q, k, v] = [0, 1, 2].map((i) => toHeads(g, g.slice(all, 2, i * width, width), heads));
  const length = g.shape(x)[1]!;
  const masks = intAttribute(node, 'unidirectional', 0) ? [causal(g, length, length, 0)] : [];
  const scale = floatAttribute(node, 'scale', 0) || 1 / Math.sqrt(width / heads);
  name(g, node, 0, fromHeads(g, attend(g, { q: q!, k: k!, v: v! }, { scale, masks }).y));
  return true;
};

/**
 * Rotary position embedding (Su et al., arXiv:2104.09864) of operator set 23: pairs of channels, neighbours or halves, are
 * turned by the angles whose cosines and sines are given.
 */
const rotaryEmbedding: Decomposition = (g, node) => {
  const [x0, cos0, sin0, positions] = node.inputs as [Value, Value, Value, Value?];
  const flat = g.shape(x0).length === 3;
  const x = flat ? toHeads(g, x0, intAttribute(node, 'num_heads', 0)) : x0;
  const [n, heads, length, width] = g.shape(x) as [number, number, number, number];
  const turned = intAttribute(node, 'rotary_embedding_dim', 0) || width;
  const half = turned / 2;
  const angle = (cache: Value) => {
    const rows = positions ? g.op('Gather', [cache, positions], { axis: 0 }) : cache;
    return g.reshape(g.slice(rows, g.shape(rows).length - 1, 0, half), [
      ...[g.shape(rows)[0]!, 1, length, half],
    ]);
  };
  const [cos, sin] = [angle(cos0), angle(sin0)];
  const part = g.slice(x, 3, 0, turned);
  const interleaved = intAttribute(node, 'interleaved', 0) === 1;
  const [a, b] = [0, 1].map((i) =>
    interleaved ? g.slice(part, 3, i, half, 2) : g.slice(part, 3, i * half, half),
  ) as [Value, Value];
  const first = g.sub(g.mul(cos, a), g.mul(sin, b));
  const second = g.add(g.mul(sin, a), g.mul(cos, b));
  const apart = [n, heads, length, half, 1];
  const joined = interleaved
    ? g.reshape(g.concat([g.reshape(first, apart), g.reshape(second, apart)], 4), [
        ...[n, heads, length, turned],
      ])
    : g.concat([first, second], 3);
  const whole =
    turned === width ? joined : g.concat([joined, g.slice(x, 3, turned, width - turned)], 3);
  name(g, node, 0, flat ? fromHeads(g, whole) : whole);
  return true;
};

export const standardAttention: Readonly<Record<string, Decomposition>> = {
  Attention: attention,
  RotaryEmbedding: rotaryEmbedding,
};

export const contribAttention: Readonly<Record<string, Decomposition>> = {
  Attention: fusedAttention,
  MultiHeadAttention: multiHeadAttention,
};
