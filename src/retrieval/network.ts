import { LimbeckError } from '../errors';
import { type ModelFiles, verify } from '../prior/files';
import { PromptEncoder } from '../prior/text_encoder';
import type { NetworkSession } from '../runtime/network_session';
import type { Runtime } from '../runtime/runtime';
import { parseRetrievalManifest, type RetrievalManifest } from './manifest';
import { resizedViews, type SquareViews } from './views';

/** The files of a network that judges, in memory, verified against its manifest. */
export interface RetrievalFiles {
  readonly manifest: RetrievalManifest;
  /** ONNX: views, sentences -> scores, embedding. */
  readonly network: Uint8Array<ArrayBuffer>;
  readonly textEncoder: Uint8Array<ArrayBuffer>;
  readonly tokenizer: unknown;
  /** Captions among which a prompt is looked for, in the order in which they are taken. */
  readonly captions: readonly string[];
}

/** What a network says of an object. */
export interface Judgement {
  /** One for each sentence: scaled cosines, the softmax of which says which caption it is. */
  readonly scores: Float32Array;
  /** The object as a vector of unit length. */
  readonly embedding: Float32Array;
}

/**
 * Reads `manifest.json` and the files that it lists.
 * @param folder its name in messages.
 * @throws LimbeckError naming a field, or a file that is missing, truncated or altered.
 */
export async function loadRetrieval(files: ModelFiles, folder: string): Promise<RetrievalFiles> {
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const manifest = parseRetrievalManifest(
    parsed(text(await files.read('manifest.json')), `${folder}/manifest.json`),
    folder,
  );
  const read = async (role: keyof RetrievalManifest['files']) => {
    const entry = manifest.files[role];
    const bytes = await files.read(entry.path);
    await verify({ ...entry, path: `${folder}/${entry.path}` }, bytes);
    return bytes;
  };
  const captions = text(await read('captions'));
  return {
    manifest,
    network: await read('network'),
    textEncoder: await read('text_encoder'),
    tokenizer: parsed(text(await read('tokenizer')), manifest.files.tokenizer.path),
    captions: captions.split('\n').filter((line) => line !== ''),
  };
}

function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new LimbeckError(`${path} is not JSON: it is damaged.`, 'Download the model again.');
  }
}

/** Which of many captions do these views show? A network on the CPU beside its own text encoder. */
export class Retrieval {
  readonly manifest: RetrievalManifest;
  readonly captions: readonly string[];
  readonly #session: NetworkSession;
  readonly #encoder: PromptEncoder;
  /** Sentence features by caption: pools share most of theirs. */
  readonly #sentences = new Map<string, Promise<Float32Array>>();

  private constructor(files: RetrievalFiles, session: NetworkSession, encoder: PromptEncoder) {
    this.manifest = files.manifest;
    this.captions = files.captions;
    this.#session = session;
    this.#encoder = encoder;
  }

  /** @throws LimbeckError when a file does not fit the manifest or onnxruntime. */
  static async load(runtime: Runtime, files: RetrievalFiles): Promise<Retrieval> {
    const { manifest, network, textEncoder, tokenizer } = files;
    const { resolution, text, embedding } = manifest;
    const session = await runtime.loadForHost(
      manifest.files.network.path,
      network,
      {
        inputs: { views: [1, 4, resolution, resolution], sentences: [1, text.pooled] },
        outputs: { scores: [1], embedding: [1, embedding] },
      },
      {},
    );
    const model = { manifest: { text: { ...text, unconditional: '' }, files: manifest.files } };
    const encoder = await PromptEncoder.load(runtime, { ...model, textEncoder, tokenizer });
    return new Retrieval(files, session, encoder);
  }

  /** Unit features of captions, one after another [N, pooled]. */
  async sentences(captions: readonly string[]): Promise<Float32Array> {
    const { pooled } = this.manifest.text;
    const all = new Float32Array(captions.length * pooled);
    for (const [i, caption] of captions.entries()) {
      const known = this.#sentences.get(caption);
      const made = known ?? this.#encoder.encode(caption).then(({ pooled: features }) => features);
      this.#sentences.set(caption, made);
      all.set(await made, i * pooled);
    }
    return all;
  }

  /** How well each caption fits an object seen from any number of sides, at any size. */
  async judge(seen: SquareViews, captions: readonly string[]): Promise<Judgement> {
    const { resolution, text } = this.manifest;
    const output = await this.#session.evaluate({
      views: {
        data: resizedViews(seen, resolution),
        dims: [seen.count, 4, resolution, resolution],
      },
      sentences: { data: await this.sentences(captions), dims: [captions.length, text.pooled] },
    });
    return { scores: output('scores'), embedding: output('embedding') };
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
    await this.#encoder.dispose();
  }
}
