import type { Graph } from '#onnx';
import { makeTensor, tensorValues, write } from '#onnx';
import type { Image } from '../../src/image/image';
import { encodePng } from '../../src/image/png_node';
import type { LibraryIndex } from '../../src/prior/exemplars/index_file';
import type { Prior } from '../../src/prior/files';
import type { Manifest, ModelFile } from '../../src/prior/manifest';
import { normal } from '../../src/random';
import { denoiserGraph, node, sizes, tinyPrior } from './tiny_prior';

const { V, C, H, hidden } = sizes;
const pixels = C * H * H;

/** Tokens of a view of an exemplar, and their width. */
const perView = 2;
const width = 3;

const float32 = (name: string, shape: readonly (number | string)[]) =>
  ({ name, dataType: 'float32', shape }) as const;
const int64 = (values: readonly number[]) => makeTensor(values, [values.length], 'int64');

function weight(stream: number, shape: readonly number[]) {
  const count = shape.reduce((a, b) => a * b, 1);
  const values = Array.from({ length: count }, (_, i) => 0.3 * normal(6, 200 + stream, 0, i));
  return makeTensor(values, shape, 'float32');
}

const seen = weight(1, [perView * width, hidden]);

/** The tiny denoiser, each of whose views also heeds the exemplar's view of the same number. */
function exemplarDenoiser(): Graph {
  const graph = denoiserGraph();
  const before = graph.nodes.findIndex(({ outputs }) => outputs[0] === 'with_timestep');
  const nodes = graph.nodes.map((n) =>
    n.outputs[0] === 'with_timestep' ? { ...n, inputs: ['with_exemplar', 'timestep_unit'] } : n,
  );
  nodes.splice(
    before,
    0,
    node('Reshape', ['exemplar', 'exemplar_rows'], 'exemplar_views'),
    node('MatMul', ['exemplar_views', 'seen.weight'], 'exemplar_seen'),
    node('Unsqueeze', ['exemplar_shown', 'last'], 'shown_column'),
    node('Mul', ['exemplar_seen', 'shown_column'], 'exemplar_heeded'),
    node('Add', ['with_text', 'exemplar_heeded'], 'with_exemplar'),
  );
  return {
    ...graph,
    inputs: [
      ...graph.inputs,
      float32('exemplar', ['N', V * perView, width]),
      float32('exemplar_shown', ['N', V]),
    ],
    nodes,
    initializers: new Map([
      ...graph.initializers,
      ['exemplar_rows', int64([-1, V, perView * width])],
      ['seen.weight', seen],
    ]),
  };
}

const kinds = weight(3, [2, width]);
const mixing = weight(2, [pixels / perView, width]);

function encoderGraph(): Graph {
  return {
    name: 'tiny exemplar encoder',
    irVersion: 9,
    opsets: { '': 17 },
    inputs: [
      float32('views', ['N', V, C, H, H]),
      { name: 'kind', dataType: 'int64', shape: ['N'] },
    ],
    outputs: [float32('exemplar', ['N', V * perView, width])],
    nodes: [
      node('Reshape', ['views', 'parts'], 'rows'),
      node('MatMul', ['rows', 'mixing'], 'tokens'),
      node('Gather', ['kinds', 'kind'], 'told', 0),
      node('Unsqueeze', ['told', 'middle'], 'told_all'),
      node('Add', ['tokens', 'told_all'], 'exemplar'),
    ],
    initializers: new Map([
      ['parts', int64([-1, V * perView, pixels / perView])],
      ['middle', int64([1])],
      ['mixing', mixing],
      ['kinds', kinds],
    ]),
  };
}

/** What the tiny encoder makes of views f32 [V, 4, H, H] in [0, 1] that are the object itself, in f64. */
export function tinyTokens(views: Float32Array): Float64Array {
  const [mix, kind] = [tensorValues(mixing), tensorValues(kinds)];
  const part = pixels / perView;
  return Float64Array.from({ length: V * perView * width }, (_, k) => {
    const [row, column] = [Math.floor(k / width), k % width];
    let sum = kind[width + column]!;
    for (let i = 0; i < part; i++) {
      sum += (2 * views[row * part + i]! - 1) * mix[i * width + column]!;
    }
    return sum;
  });
}

/** What exemplar tokens add to the hidden layer of each view, if they are shown [V, hidden]. */
export function tinySeen(tokens: ArrayLike<number>): Float64Array {
  const matrix = tensorValues(seen);
  return Float64Array.from({ length: V * hidden }, (_, k) => {
    const [view, column] = [Math.floor(k / hidden), k % hidden];
    let sum = 0;
    for (let i = 0; i < perView * width; i++) {
      sum += tokens[view * perView * width + i]! * matrix[i * hidden + column]!;
    }
    return sum;
  });
}

/** A file's entry in a manifest. */
async function entryOf(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<ModelFile> {
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return { path, bytes: bytes.length, sha256: Buffer.from(digest).toString('hex') };
}

/** An object of the tiny library: what is said of it, and the colour that all of its views have. */
export interface TinyObject {
  readonly id: string;
  readonly phrases: readonly string[];
  readonly untypical?: readonly string[];
  /** RGBA, straight, 0 to 255. */
  readonly colour: readonly number[];
}

/** Objects on a page of the tiny library. */
const grid = { columns: 1, rows: 2 };

/** A strip of the library, whose pixels differ in alpha from row to row. */
export function tinyStrip({ colour }: TinyObject, size: number): Image {
  const data = new Uint8ClampedArray(4 * V * size * size);
  for (let i = 0; i < V * size * size; i++) {
    data.set(colour, 4 * i);
    data[4 * i + 3] = colour[3]! - Math.floor(i / (V * size));
  }
  return { data, width: V * size, height: size };
}

/** `library.json` and `library.bin` of objects of views of twice the tiny prior's size. */
export async function tinyLibrary(
  objects: readonly TinyObject[],
  meaning: (phrase: string) => Float32Array,
): Promise<{ readonly index: LibraryIndex; readonly file: Uint8Array<ArrayBuffer> }> {
  const size = 2 * H;
  const phrases = [...new Set(objects.flatMap((object) => object.phrases))];
  const features = phrases.map(meaning);
  const sentences = features.flatMap((feature) => {
    const norm = Math.hypot(...feature);
    return [...feature].map((value) => Math.round((127 * value) / norm));
  });
  const pages: Uint8Array[] = [];
  for (let i = 0; i < objects.length; i += grid.rows) {
    const strips = objects.slice(i, i + grid.rows).map((object) => tinyStrip(object, size));
    const data = new Uint8ClampedArray(strips.flatMap((strip) => [...strip.data]));
    pages.push(await encodePng({ data, width: V * size, height: size * strips.length }));
  }
  // The basis that the features are in already.
  const basis = Array.from({ length: sizes.pooled ** 2 }, (_, i) =>
    i % (sizes.pooled + 1) === 0 ? 127 : 0,
  );
  let at = sentences.length + basis.length;
  const places = pages.map(({ length }): [number, number] => {
    at += length;
    return [at - length, length];
  });
  const file = new Uint8Array(at);
  file.set(Int8Array.from([...sentences, ...basis]));
  pages.forEach((page, i) => {
    file.set(page, places[i]![0]);
  });
  const row = (phrase: string) => phrases.indexOf(phrase);
  const index = {
    file: await entryOf('library.bin', file),
    size,
    views: V,
    pages: { ...grid, places },
    phrases,
    sentences: {
      at: 0,
      width: sizes.pooled,
      scale: 1 / 127,
      basis: { at: sentences.length, of: sizes.pooled, scale: 1 / 127 },
    },
    sources: [{ author: 'Ann', source: 'a pack', licence: 'CC0-1.0' }],
    objects: objects.map((object) => ({
      id: object.id,
      source: 0,
      phrases: object.phrases.map(row),
      untypical: (object.untypical ?? []).map(row),
    })),
  };
  return { index, file };
}

export interface TinyExemplarPrior extends Prior {
  readonly exemplarEncoder: Uint8Array<ArrayBuffer>;
  readonly files: Map<string, Uint8Array<ArrayBuffer>>;
}

/** A tiny prior that may be shown exemplars: with a library where one is given. */
export async function tinyExemplarPrior(
  library?: Awaited<ReturnType<typeof tinyLibrary>>,
): Promise<TinyExemplarPrior> {
  const denoiser = write(exemplarDenoiser());
  const exemplarEncoder = write(encoderGraph());
  const plain = await tinyPrior();
  const index = library && new TextEncoder().encode(JSON.stringify(library.index));
  const manifest: Manifest = {
    ...plain.manifest,
    exemplar: {
      tokens: V * perView,
      width,
      azimuth: 0,
      elevation: 15,
      kinds: ['unknown', 'itself'],
      scale: 2,
    },
    files: {
      ...plain.manifest.files,
      denoiser: await entryOf('denoiser.onnx', denoiser),
      exemplar_encoder: await entryOf('exemplar_encoder.onnx', exemplarEncoder),
      ...(index && { library: await entryOf('../exemplars/library.json', index) }),
    },
  };
  const files = new Map(plain.files);
  files.set('manifest.json', new TextEncoder().encode(JSON.stringify(manifest)));
  files.set('denoiser.onnx', denoiser).set('exemplar_encoder.onnx', exemplarEncoder);
  if (library && index) {
    files.set('../exemplars/library.json', index).set('../exemplars/library.bin', library.file);
  }
  return { ...plain, manifest, denoiser, exemplarEncoder, files };
}
