import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Expressions, type ValueInfo, write } from '#onnx';

/** Sizes of the tiny network that judges; the text encoder is the one that ships. */
export const tinySizes = { resolution: 4, pooled: 384, embedding: 4 } as const;

/**
 * A network that judges, small enough to know its answers: the embedding is the mean of the premultiplied colour and
 * alpha, made as long as 1; the score of a caption is 10 times its sentence's first four features times that.
 */
function tinyNetwork(): Uint8Array<ArrayBuffer> {
  const { resolution, pooled } = tinySizes;
  const g = new Expressions({ name: 'tiny retrieval', opset: 17 });
  const views = g.input('views', [2, 4, resolution, resolution]);
  const sentences = g.input('sentences', [3, pooled]);
  const mean = g.reshape(g.mean(views, [0, 2, 3]), [1, 4]);
  const length = g.sqrt(g.shift(g.sum(g.square(mean), [1]), 1e-12));
  const embedding = g.div(mean, length);
  g.output(embedding, 'embedding');
  const fits = g.matmul(g.slice(sentences, 1, 0, 4), g.transpose(embedding, [1, 0]));
  g.output(g.op('Squeeze', [g.scale(fits, 10), g.integers([1])]), 'scores');
  const graph = g.build();
  // Any number of views and captions.
  const free: Readonly<Record<string, readonly (number | string)[]>> = {
    views: ['V', 4, resolution, resolution],
    sentences: ['N', pooled],
    scores: ['N'],
  };
  const freed = (values: readonly ValueInfo[]) =>
    values.map((value) => ({ ...value, shape: free[value.name] ?? value.shape! }));
  return write({ ...graph, inputs: freed(graph.inputs), outputs: freed(graph.outputs) });
}

/** Distractors of the tiny network. */
export const tinyCaptions = ['a tree', 'a house', 'a blue car', 'a lamp'];

/** Writes the tiny network's folder, with a manifest that fits. */
export async function writeTinyRetrieval(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const files: Record<string, Uint8Array> = {
    'retrieval.onnx': tinyNetwork(),
    'captions.txt': Buffer.from(`${tinyCaptions.join('\n')}\n`),
    'text_encoder.onnx': await readFile('models/text/text_encoder.onnx'),
    'tokenizer.json': await readFile('models/text/tokenizer.json'),
  };
  const entry = (path: string) => ({
    path,
    bytes: files[path]!.byteLength,
    sha256: createHash('sha256').update(files[path]!).digest('hex'),
  });
  const manifest = {
    id: 'tiny',
    name: 'Tiny scorer',
    licence: 'MIT',
    resolution: tinySizes.resolution,
    text: { max_tokens: 24, width: 192, pooled: tinySizes.pooled },
    embedding: tinySizes.embedding,
    accuracy: { objects: 107, captions: 5, views: 8, top1: 0.5, top5: 0.75 },
    files: {
      network: entry('retrieval.onnx'),
      captions: entry('captions.txt'),
      text_encoder: entry('text_encoder.onnx'),
      tokenizer: entry('tokenizer.json'),
    },
  };
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
  return folder;
}
