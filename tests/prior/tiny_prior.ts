import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Graph, Node, Tensor } from '#onnx';
import { makeTensor, tensorValues, write } from '#onnx';
import type { Prior } from '../../src/prior/files';
import type { Manifest } from '../../src/prior/manifest';
import type { Conditioning } from '../../src/prior/text_encoder';
import { normal } from '../../src/random';

/** Sizes of the tiny prior: odd ones where nothing asks for even. */
export const sizes = {
  V: 3,
  C: 4,
  H: 5,
  T: 6,
  D: 7,
  pooled: 9,
  hidden: 8,
  vocabulary: 11,
} as const;

const pixels = sizes.C * sizes.H * sizes.H;

function tensor(stream: number, shape: readonly number[], scale: number): Tensor {
  const count = shape.reduce((a, b) => a * b, 1);
  const values = Array.from({ length: count }, (_, i) => scale * normal(5, 100 + stream, 0, i));
  return makeTensor(values, shape, 'float32');
}

const int64 = (values: readonly number[]) => makeTensor(values, [values.length], 'int64');
const scalar = (value: number) => makeTensor([value], [], 'float32');

export function node(op: string, inputs: readonly string[], output: string, axis?: number): Node {
  const attributes = axis === undefined ? {} : { axis: { type: 'int', value: axis } as const };
  return { name: `${op}/${output}`, op, domain: '', inputs, outputs: [output], attributes };
}

const float32 = (name: string, shape: readonly (number | string)[]) =>
  ({ name, dataType: 'float32', shape }) as const;

/** A denoiser with every input of a real one, small enough to read: two matrices and a residual. */
export function denoiserGraph(): Graph {
  const { V, C, H, T, D, hidden } = sizes;
  const views = ['N', V, C, H, H];
  return {
    name: 'tiny denoiser',
    irVersion: 9,
    opsets: { '': 17 },
    inputs: [
      float32('z', views),
      float32('timestep', ['N']),
      float32('text', ['N', T, D]),
      float32('text_mask', ['N', T]),
      float32('camera', ['N', V, 16]),
    ],
    outputs: [float32('prediction', views)],
    nodes: [
      node('Reshape', ['z', 'flat'], 'rows'),
      node('MatMul', ['rows', 'q.weight'], 'inner'),
      node('MatMul', ['camera', 'camera.weight'], 'camera_embedding'),
      node('Unsqueeze', ['text_mask', 'last'], 'mask_column'),
      node('Mul', ['text', 'mask_column'], 'masked'),
      node('MatMul', ['masked', 'text.weight'], 'text_embedding'),
      node('ReduceSum', ['text_embedding', 'tokens_axis'], 'text_pooled'),
      node('Reshape', ['timestep', 'column'], 'timestep_column'),
      node('Mul', ['timestep_column', 'millis'], 'timestep_unit'),
      node('Add', ['inner', 'camera_embedding'], 'with_camera'),
      node('Add', ['with_camera', 'text_pooled'], 'with_text'),
      node('Add', ['with_text', 'timestep_unit'], 'with_timestep'),
      node('Sigmoid', ['with_timestep'], 'gate'),
      node('MatMul', ['gate', 'o.weight'], 'delta'),
      node('Add', ['rows', 'delta'], 'outer'),
      node('Reshape', ['outer', 'planar'], 'prediction'),
    ],
    initializers: new Map([
      ['flat', int64([-1, V, pixels])],
      ['planar', int64([-1, V, C, H, H])],
      ['column', int64([-1, 1, 1])],
      ['last', int64([-1])],
      ['tokens_axis', int64([1])],
      ['millis', scalar(1e-3)],
      ['q.weight', tensor(1, [pixels, hidden], 0.1)],
      ['camera.weight', tensor(2, [16, hidden], 0.5)],
      ['text.weight', tensor(3, [D, hidden], 0.5)],
      ['o.weight', tensor(4, [hidden, pixels], 0.5)],
    ]),
  };
}

function textEncoderGraph(): Graph {
  const { T, D, pooled, vocabulary } = sizes;
  return {
    name: 'tiny text encoder',
    irVersion: 9,
    opsets: { '': 17 },
    inputs: [{ name: 'ids', dataType: 'int64', shape: ['N', T] }],
    outputs: [float32('tokens', ['N', T, D]), float32('pooled', ['N', pooled])],
    nodes: [
      node('Gather', ['table', 'ids'], 'tokens', 0),
      node('MatMul', ['tokens', 'pool.weight'], 'each'),
      {
        ...node('ReduceSum', ['each', 'tokens_axis'], 'pooled'),
        attributes: { keepdims: { type: 'int', value: 0 } },
      },
    ],
    initializers: new Map([
      ['table', tensor(5, [vocabulary, D], 1)],
      ['pool.weight', tensor(6, [D, pooled], 1)],
      ['tokens_axis', int64([1])],
    ]),
  };
}

const tokenizer = {
  format: 'wordpiece',
  version: 1,
  length: sizes.T,
  max_word: 64,
  continuation: '##',
  vocabulary: ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'red', 'blue', 'chair', 'cup', 'a', '##s', '.'],
};

/** A prior small enough to read, with its files in memory: its manifest as given, changed by `change`. */
export async function tinyPrior(
  change: Partial<Manifest> = {},
): Promise<Prior & { files: Map<string, Uint8Array<ArrayBuffer>> }> {
  const denoiser = write(denoiserGraph());
  const textEncoder = write(textEncoderGraph());
  const vocabulary = new TextEncoder().encode(JSON.stringify(tokenizer));
  const entry = async (path: string, bytes: Uint8Array<ArrayBuffer>) => ({
    path,
    bytes: bytes.byteLength,
    sha256: Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex'),
  });
  const manifest: Manifest = {
    id: 'tiny',
    name: 'Tiny',
    licence: 'MIT',
    views: sizes.V,
    channels: sizes.C,
    resolution: sizes.H,
    prediction: 'v',
    timesteps: 1000,
    alpha_bar: Array.from(
      { length: 1000 },
      (_, t) => Math.cos(((t + 8) / 1008) * (Math.PI / 2)) ** 2,
    ),
    camera: {
      input: true,
      azimuth_offsets: [0, 120, 240],
      elevation: [-10, 40],
      fovy: 40,
      distance: 3.07,
    },
    text: { max_tokens: sizes.T, width: sizes.D, pooled: sizes.pooled, unconditional: '' },
    guidance: { scale: 7.5 },
    lora: { rank: 2, targets: ['q.weight', 'o.weight'] },
    files: {
      denoiser: await entry('denoiser.onnx', denoiser),
      text_encoder: await entry('text_encoder.onnx', textEncoder),
      tokenizer: await entry('tokenizer.json', vocabulary),
    },
    ...change,
  };
  const files = new Map([
    ['manifest.json', new TextEncoder().encode(JSON.stringify(manifest))],
    ['denoiser.onnx', denoiser],
    ['text_encoder.onnx', textEncoder],
    ['tokenizer.json', vocabulary],
  ]);
  return { manifest, denoiser, textEncoder, tokenizer, files };
}

/** Writes the tiny prior's folder. @returns its path. */
export async function writeTinyPrior(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of (await tinyPrior()).files) await writeFile(join(folder, name), bytes);
  return folder;
}

/**
 * What the tiny prior's denoiser predicts, in f64, and the size of its largest output.
 * @param added to the hidden layer of each entry's views [V, hidden]; nothing unless given.
 */
export function tinyPrediction(
  z: Float32Array,
  timesteps: readonly number[],
  texts: readonly Conditioning[],
  cameras: Float32Array,
  added: readonly (Float64Array | undefined)[] = [],
): { readonly expected: Float64Array; readonly scale: number } {
  const { V, T, D, hidden } = sizes;
  const { initializers } = denoiserGraph();
  const weights = new Map([...initializers].map(([name, data]) => [name, tensorValues(data)]));
  const weight = (name: string) => weights.get(name)!;
  const expected = Float64Array.from(z);
  timesteps.forEach((timestep, n) => {
    const { tokens, mask } = texts[n]!;
    for (let v = 0; v < V; v++) {
      const row = (n * V + v) * pixels;
      const gate = Array.from({ length: hidden }, (_, k) => {
        let sum = timestep * 1e-3 + (added[n]?.[v * hidden + k] ?? 0);
        for (let i = 0; i < pixels; i++) sum += z[row + i]! * weight('q.weight')[i * hidden + k]!;
        for (let i = 0; i < 16; i++) {
          sum += cameras[v * 16 + i]! * weight('camera.weight')[i * hidden + k]!;
        }
        for (let i = 0; i < T * D; i++) {
          sum +=
            mask[Math.floor(i / D)]! * tokens[i]! * weight('text.weight')[(i % D) * hidden + k]!;
        }
        return 1 / (1 + Math.exp(-sum));
      });
      for (let i = 0; i < pixels; i++) {
        gate.forEach((g, k) => {
          expected[row + i]! += g * weight('o.weight')[k * pixels + i]!;
        });
      }
    }
  });
  return { expected, scale: expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0) };
}
