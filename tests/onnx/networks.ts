/** A small network of what image networks are made of, for tests from end to end. */
import { Expressions, float, inferShapes, makeTensor, type StaticGraph, type Value } from '#onnx';
import { random } from './graph_session';

/** Draws for `Lora.initialise`: uniform with the variance of the standard normal distribution. */
export const draws = (seed: number) => (k: number) => Math.sqrt(3) * random(1, seed * 1e5 + k)[0]!;

/** Channels, heads, and side of the picture. */
const C = 8;
const HEADS = 2;
const S = 8;
/** Length and width of the context. */
const T = 3;
const D = 6;

/** Layers over a builder; weights lie in fp16 behind a Cast, as exporters store them. */
class Layers {
  readonly g: Expressions;
  #seed = 1;

  constructor(g: Expressions) {
    this.g = g;
  }

  weight(name: string, shape: readonly number[], fan: number, centre = 0): Value {
    const count = shape.reduce((a, b) => a * b, 1);
    const values = random(count, this.#seed++).map((v) => centre + (v * 1.7) / Math.sqrt(fan));
    const half = this.g.initializer(name, makeTensor(values, shape, 'float16'));
    return this.g.cast(half, 'float32');
  }

  conv(name: string, x: Value, out: number, kernel: number, stride = 1): Value {
    const channels = this.g.shape(x)[1]!;
    const pad = (kernel - 1) >> 1;
    const fan = channels * kernel * kernel;
    const w = this.weight(`${name}.weight`, [out, channels, kernel, kernel], fan);
    const b = this.weight(`${name}.bias`, [out], 50);
    const pads = [pad, pad, pad, pad];
    return this.g.op('Conv', [x, w, b], { pads, strides: [stride, stride] }, `/${name}/Conv`);
  }

  linear(name: string, x: Value, out: number): Value {
    const width = this.g.shape(x).at(-1)!;
    const w = this.weight(`${name}.weight`, [width, out], width);
    const product = this.g.op('MatMul', [x, w], {}, `/${name}/MatMul`);
    return this.g.add(this.weight(`${name}.bias`, [out], 50), product);
  }

  silu(x: Value): Value {
    return this.g.mul(x, this.g.sigmoid(x));
  }

  /** Group normalisation as exporters decompose it. */
  groupNorm(name: string, x: Value, groups: number): Value {
    const { g } = this;
    const shape = g.shape(x);
    const channels = shape[1]!;
    const ones = g.constant(new Array<number>(groups).fill(1));
    const zeros = g.constant(new Array<number>(groups).fill(0));
    const grouped = g.reshape(x, [shape[0]!, groups, -1]);
    const normal = g.op('InstanceNormalization', [grouped, ones, zeros], { epsilon: float(1e-5) });
    const scale = this.weight(`${name}.weight`, [channels, 1, 1], 20, 1);
    return g.add(
      g.mul(g.reshape(normal, shape), scale),
      this.weight(`${name}.bias`, [channels, 1, 1], 20),
    );
  }

  layerNorm(name: string, x: Value): Value {
    const width = this.g.shape(x).at(-1)!;
    const scale = this.weight(`${name}.weight`, [width], 20, 1);
    const bias = this.weight(`${name}.bias`, [width], 20);
    return this.g.op('LayerNormalization', [x, scale, bias], { axis: -1 });
  }

  block(name: string, x: Value, out: number, embedding: Value): Value {
    const { g } = this;
    const h = this.conv(`${name}.conv1`, this.silu(this.groupNorm(`${name}.norm1`, x, 2)), out, 3);
    const n = g.shape(x)[0]!;
    const modulation = g.reshape(this.linear(`${name}.modulation`, embedding, 2 * out), [
      n,
      2 * out,
      1,
      1,
    ]);
    const [scale, shift] = g.ops('Split', [modulation, g.integers([out, out])], 2, { axis: 1 });
    const normal = this.groupNorm(`${name}.norm2`, h, 2);
    const modulated = g.add(g.mul(normal, g.shift(scale!, 1)), shift!);
    const skip = g.shape(x)[1] === out ? x : this.conv(`${name}.skip`, x, out, 1);
    return g.add(skip, this.conv(`${name}.conv2`, this.silu(modulated), out, 3));
  }

  attention(name: string, x: Value, context: Value): Value {
    const { g } = this;
    const width = g.shape(x).at(-1)!;
    const heads = (layer: string, source: Value) => {
      const [n, length] = g.shape(source) as [number, number];
      const y = this.linear(`${name}.${layer}`, source, width);
      return g.transpose(g.reshape(y, [n, length, HEADS, width / HEADS]), [0, 2, 1, 3]);
    };
    const [q, k, v] = [heads('q', x), heads('k', context), heads('v', context)];
    const score = g.scale(g.matmul(q, g.swap(k)), Math.sqrt(HEADS / width));
    const mixed = g.matmul(g.op('Softmax', [score], { axis: -1 }), v);
    return this.linear(`${name}.o`, g.reshape(g.transpose(mixed, [0, 2, 1, 3]), g.shape(x)), width);
  }
}

/**
 * A U-Net of x [N, 2, 8, 8], position [N] and context [N, 3, 6] to prediction [N, 2, 8, 8]: stem, residual blocks
 * modulated by a sinusoidal embedding, strided convolution, self- and cross-attention, upsampling, concatenated skip, and
 * pixels out of channels.
 */
export function smallUnet(batch: number): StaticGraph {
  const g = new Expressions({ name: 'small U-Net', opset: 17 });
  const l = new Layers(g);
  const x = g.input('x', [batch, 2, S, S]);
  const position = g.input('position', [batch]);
  const context = g.input('context', [batch, T, D]);

  const angle = g.mul(g.reshape(position, [batch, 1]), g.constant([0.01, 0.03, 0.1, 0.3]));
  const waves = g.concat([g.op('Cos', [angle]), g.op('Sin', [angle])], -1);
  const embedding = l.silu(l.linear('embedding', waves, C));

  const first = l.block(
    'in',
    l.conv('stem', g.op('SpaceToDepth', [x], { blocksize: 2 }), C, 3),
    C,
    embedding,
  );
  const low = l.conv('down', first, 2 * C, 3, 2);
  const tokens = g.transpose(g.reshape(low, [batch, 2 * C, -1]), [0, 2, 1]);
  const normal = l.layerNorm('norm1', tokens);
  let h = g.add(tokens, l.attention('self', normal, normal));
  h = g.add(h, l.attention('cross', l.layerNorm('norm2', h), context));
  h = g.add(h, l.linear('fc2', l.silu(l.linear('fc1', l.layerNorm('norm3', h), 3 * C)), 2 * C));
  const picture = g.reshape(g.transpose(h, [0, 2, 1]), g.shape(low));
  const nearest = {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  };
  const up = g.op('Resize', [picture, '', g.constant([1, 1, 2, 2])], nearest);
  const out = l.block('out', g.concat([up, first], 1), C, embedding);
  const pixels = g.op('DepthToSpace', [l.conv('head', out, 8, 3)], { blocksize: 2 });
  g.output(pixels, 'prediction');
  // Read as a file would be: what execution providers lack is decomposed.
  return inferShapes(g.build());
}
