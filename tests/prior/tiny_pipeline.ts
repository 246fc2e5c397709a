/** A Stable Diffusion small enough to read, in diffusers' folder layout: an attention, two convolutions, a table of words. */
import { Expressions, type Graph, makeTensor, type Value, write } from '#onnx';
import { LimbeckError } from '../../src/errors';
import type { ModelFiles } from '../../src/prior/files';
import { normal } from '../../src/random';

/** Side and channels of the latents, length and width of a text, heads' width. */
export const sizes = { h: 4, C: 4, T: 7, D: 6, inner: 5 } as const;

const letters = [...'abcdefghijklmnopqrstuvwxyz'];
const pieces = [
  ...[
    '<|startoftext|>',
    '<|endoftext|>',
    'red</w>',
    're',
    'a</w>',
    'chair</w>',
    'ch',
    'ai',
    'chai',
  ],
  ...letters.flatMap((letter) => (letter === 'a' ? [letter] : [letter, `${letter}</w>`])),
];
const merges = ['r e', 're d</w>', 'c h', 'a i', 'ch ai', 'chai r</w>'];

function weight(g: Expressions, name: string, shape: readonly number[], scale: number): Value {
  const count = shape.reduce((a, b) => a * b, 1);
  const stream = [...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 10_007;
  const values = Array.from({ length: count }, (_, i) => scale * normal(5, stream, 0, i));
  return g.initializer(name, makeTensor(values, shape, 'float32'));
}

/** How exporters differ about a UNet's inputs. */
export interface UnetKind {
  /** Whether the batch may be of any size. */
  readonly batched?: boolean;
  /** Whether the timestep is one number for all. */
  readonly scalar?: boolean;
  readonly timestep?: 'int64' | 'float32';
  /** Whether it is told of guidance, as a latent consistency model is. */
  readonly guided?: boolean;
  /** Width of the texts that it reads. */
  readonly width?: number;
}

/** x + o(softmax(q(x) kᵀ(text)) v(text)) + t / 1000 x, with x the latents' pixels. */
export function unet(kind: UnetKind = {}): Graph {
  const { batched = true, scalar = false, timestep: type = 'int64', width = sizes.D } = kind;
  const { guided = false } = kind;
  const { h, C, T, inner } = sizes;
  const g = new Expressions({ name: 'unet', opset: 17 });
  const sample = g.input('sample', [1, C, h, h]);
  const timestep = g.input('timestep', scalar ? [] : [1], type);
  const text = g.input('encoder_hidden_states', [1, T, width]);
  const matrix = (name: string, from: number, to: number) =>
    weight(g, `${name}.weight`, [from, to], 0.7);
  const project = (name: string, x: Value, from: number, to: number) =>
    g.op('MatMul', [x, matrix(name, from, to)], {}, `/attn/${name}/MatMul`);
  // 0 keeps the batch, whatever it is.
  const rows = g.transpose(g.op('Reshape', [sample, g.integers([0, C, h * h])]), [0, 2, 1]);
  const q = project('to_q', rows, C, inner);
  const k = project('to_k', text, width, inner);
  const v = project('to_v', text, width, inner);
  const scores = g.op('Softmax', [g.matmul(q, g.transpose(k, [0, 2, 1]))], { axis: -1 });
  const out = project('to_out', g.matmul(scores, v), inner, C);
  const picture = g.op('Reshape', [g.transpose(out, [0, 2, 1]), g.integers([0, C, h, h])]);
  const time = g.scale(g.cast(timestep, 'float32'), 1e-3);
  const column = scalar ? time : g.op('Reshape', [time, g.integers([-1, 1, 1, 1])]);
  const answer = g.add(g.add(sample, picture), g.mul(sample, column));
  if (!guided) g.output(answer, 'out_sample');
  else {
    const told = project('guidance', g.input('timestep_cond', [1, 6]), 6, C);
    g.output(g.add(answer, g.op('Reshape', [told, g.integers([0, C, 1, 1])])), 'out_sample');
  }
  return batched ? anyBatch(g.build()) : g.build();
}

/** A graph whose first dimensions have a name instead of a length. */
function anyBatch(graph: Graph): Graph {
  const named = <T extends { shape?: readonly (number | string)[] }>(value: T): T =>
    value.shape?.length ? { ...value, shape: ['batch', ...value.shape.slice(1)] } : value;
  return { ...graph, inputs: graph.inputs.map(named), outputs: graph.outputs.map(named) };
}

/** Mean and logarithm of the variance of the latents of a picture twice as large. */
export function vaeEncoder(): Graph {
  const { h, C } = sizes;
  const g = new Expressions({ name: 'vae_encoder', opset: 17 });
  const picture = g.input('sample', [1, 3, 2 * h, 2 * h]);
  const conv = (name: string, x: Value, from: number, to: number, stride: number) => {
    const pads = [1, 1, 1, 1];
    return g.op('Conv', [x, weight(g, name, [to, from, 3, 3], 0.3)], {
      ...{ pads, strides: [stride, stride] },
    });
  };
  const hidden = g.op('Tanh', [conv('first', picture, 3, 5, 2)]);
  g.output(conv('second', hidden, 5, 2 * C, 1), 'latent_parameters');
  return anyBatch(g.build());
}

function textEncoder(): Graph {
  const { T, D } = sizes;
  const g = new Expressions({ name: 'text_encoder', opset: 17 });
  const ids = g.input('input_ids', [1, T], 'int32');
  const table = weight(g, 'table', [pieces.length, D], 1);
  g.output(g.op('Gather', [table, ids]), 'last_hidden_state');
  return anyBatch(g.build());
}

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** The folder's files by their paths, with those of `change` instead; null takes one away. */
export function tinyPipeline(
  change: Readonly<Record<string, Uint8Array<ArrayBuffer> | null>> = {},
): Map<string, Uint8Array<ArrayBuffer>> {
  const { h, C, T, D } = sizes;
  const special = { bos_token: '<|startoftext|>', eos_token: { content: '<|endoftext|>' } };
  const files = new Map<string, Uint8Array<ArrayBuffer>>([
    ['model_index.json', json({ _class_name: 'ORTStableDiffusionPipeline', unet: ['x', 'y'] })],
    [
      'scheduler/scheduler_config.json',
      json({ beta_start: 0.00085, beta_end: 0.012, beta_schedule: 'scaled_linear' }),
    ],
    ['tokenizer/vocab.json', json(Object.fromEntries(pieces.map((piece, i) => [piece, i])))],
    ['tokenizer/merges.txt', new TextEncoder().encode(`#version: 0.2\n${merges.join('\n')}\n`)],
    ['tokenizer/tokenizer_config.json', json({ ...special, model_max_length: T })],
    ['text_encoder/model.onnx', write(textEncoder())],
    ['unet/model.onnx', write(unet())],
    ['unet/config.json', json({ sample_size: h, in_channels: C, cross_attention_dim: D })],
    ['vae_encoder/model.onnx', write(vaeEncoder())],
    ['vae_encoder/config.json', json({ block_out_channels: [5, 8], scaling_factor: 0.4 })],
  ]);
  for (const [path, bytes] of Object.entries(change)) {
    if (bytes) files.set(path, bytes);
    else files.delete(path);
  }
  return files;
}

/** A folder in memory. */
export const inMemory = (files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>): ModelFiles => ({
  async read(path) {
    const bytes = files.get(path);
    if (bytes) return bytes;
    throw new LimbeckError(`pipeline/${path} cannot be read: ENOENT.`, 'Download it again.');
  },
});
