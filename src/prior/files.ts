import type { Graph, StaticGraph } from '#onnx';
import { LimbeckError } from '../errors';
import { type Manifest, type ModelFile, parseManifest } from './manifest';

/** Bytes received so far of a file, and its size as the manifest or the server states it. */
export type LoadProgress = (path: string, received: number, total: number) => void;

/** Where verified files outlive the page, by the SHA-256 in their manifest. */
export interface FileStore {
  /** Undefined where there is none. */
  get(sha256: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Keeps a file if there is room for it. */
  put(sha256: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
}

/** The folder of a model, wherever it is. */
export interface ModelFiles {
  /** Where files are looked for first, and kept once they are verified. */
  readonly store?: FileStore;
  /**
   * The bytes of a file of the folder.
   * @throws LimbeckError when there is no such file.
   */
  read(
    path: string,
    onProgress?: (received: number, total: number) => void,
  ): Promise<Uint8Array<ArrayBuffer>>;
}

/** What to do about a file that is missing or damaged. */
export const remedy = 'Download the model again, or export it again.';

/** A model's folder behind a function that reads one file, for instance of a file system. */
export class LocalFiles implements ModelFiles {
  readonly #readFile: (path: string) => Promise<Uint8Array<ArrayBuffer>>;
  readonly #folder: string;

  /**
   * @param folder names the folder in messages and stands before every path.
   * @param readFile `readFile` of `node:fs/promises`, or its like.
   */
  constructor(folder: string, readFile: (path: string) => Promise<Uint8Array<ArrayBuffer>>) {
    this.#folder = folder.replace(/\/$/, '');
    this.#readFile = readFile;
  }

  async read(path: string, onProgress?: (received: number, total: number) => void) {
    const full = `${this.#folder}/${path}`;
    const bytes = await this.#readFile(full).catch((error: Error) => {
      throw new LimbeckError(`${full} cannot be read: ${error.message}.`, remedy);
    });
    onProgress?.(bytes.byteLength, bytes.byteLength);
    return bytes;
  }
}

/** A denoiser with names of others: how its graph becomes one of `denoiserShapes`. */
export interface ForeignDenoiser {
  readonly graph: Graph;
  /** The graph, or one that was made of it, for a batch of N; inputs that it has besides stay. @throws OnnxError */
  placed(graph: Graph, batch: number): StaticGraph;
}

/** What lies between views and latents. */
export interface LatentNetworks {
  /** picture f32 [V, 3, H, W] in [0, 1] -> latent f32 [V, C, h, w]; 2 latent − 1 is what the denoiser sees. */
  readonly encoder: StaticGraph;
}

/** A model's files in memory, verified against its manifest. */
export interface Prior {
  readonly manifest: Manifest;
  /** ONNX: z, timestep, text, text_mask, camera, exemplar, exemplar_shown -> prediction. */
  readonly denoiser: Uint8Array<ArrayBuffer> | ForeignDenoiser;
  /** There where the manifest names latents. */
  readonly latent?: LatentNetworks;
  /** ONNX: ids -> tokens, pooled. */
  readonly textEncoder: Uint8Array<ArrayBuffer>;
  /** What `tokenizerOf` is given. */
  readonly tokenizer: unknown;
  /** ONNX: views, kind -> exemplar; there where the denoiser may be shown one. */
  readonly exemplarEncoder?: Uint8Array<ArrayBuffer>;
}

/**
 * Reads `manifest.json` and the files that it lists.
 * @throws LimbeckError naming a field of the manifest, or a file that is missing, truncated or altered.
 */
export async function loadPrior(files: ModelFiles, onProgress?: LoadProgress): Promise<Prior> {
  const manifest = parseManifest(parseJson('manifest.json', await files.read('manifest.json')));
  const load = (entry: ModelFile) => readVerified(files, entry, onProgress);
  const { exemplar_encoder: encoder } = manifest.files;
  const [denoiser, textEncoder, tokenizer, exemplarEncoder] = await Promise.all([
    load(manifest.files.denoiser),
    load(manifest.files.text_encoder),
    load(manifest.files.tokenizer),
    manifest.exemplar && encoder && load(encoder),
  ]);
  return {
    manifest,
    denoiser,
    textEncoder,
    tokenizer: parseJson(manifest.files.tokenizer.path, tokenizer),
    ...(exemplarEncoder && { exemplarEncoder }),
  };
}

/**
 * The bytes of a file that a manifest or an index lists.
 * @throws LimbeckError naming the file and what is wrong with it.
 */
export async function readVerified(
  files: ModelFiles,
  entry: ModelFile,
  onProgress?: LoadProgress,
): Promise<Uint8Array<ArrayBuffer>> {
  const kept = await files.store?.get(entry.sha256);
  if (kept && (await sha256Of(kept)) === entry.sha256) {
    onProgress?.(entry.path, entry.bytes, entry.bytes);
    return kept;
  }
  const bytes = await files.read(entry.path, (received) =>
    onProgress?.(entry.path, received, entry.bytes),
  );
  await verify(entry, bytes);
  await files.store?.put(entry.sha256, bytes);
  return bytes;
}

/**
 * Checks size and SHA-256 of a file against its manifest.
 * @throws LimbeckError naming the file and what differs.
 */
export async function verify(entry: ModelFile, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  if (bytes.byteLength !== entry.bytes) {
    const how = bytes.byteLength < entry.bytes ? 'truncated' : 'too long';
    throw new LimbeckError(
      `${entry.path} is ${how}: ${bytes.byteLength} of ${entry.bytes} bytes.`,
      remedy,
    );
  }
  const found = await sha256Of(bytes);
  if (found !== entry.sha256) {
    throw new LimbeckError(
      `${entry.path} is not the file of its manifest: its SHA-256 is ${found}, not ${entry.sha256}.`,
      remedy,
    );
  }
}

/** In hexadecimal digits. */
async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, '0')).join('');
}

/** @throws LimbeckError naming the file. */
export function parseJson(path: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new LimbeckError(`${path} is not JSON: it is missing or damaged.`, remedy);
  }
}
