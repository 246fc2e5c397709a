import type { NetworkSession } from '../runtime/network_session';
import type { Runtime } from '../runtime/runtime';
import type { RetrievalFiles } from './files';
import type { RetrievalManifest } from './manifest';
import { Sentences } from './sentences';
import { resizedViews, type SquareViews } from './views';

/** What a network says of an object. */
export interface Judgement {
  /** One for each sentence: scaled cosines, the softmax of which says which caption it is. */
  readonly scores: Float32Array;
  /** The object as a vector of unit length. */
  readonly embedding: Float32Array;
}

/** Which of many captions do these views show? A network on the CPU beside its own text encoder. */
export class Retrieval {
  readonly manifest: RetrievalManifest;
  readonly captions: readonly string[];
  readonly #session: NetworkSession;
  readonly #sentences: Sentences;

  private constructor(files: RetrievalFiles, session: NetworkSession, sentences: Sentences) {
    this.manifest = files.manifest;
    this.captions = files.captions;
    this.#session = session;
    this.#sentences = sentences;
  }

  /** @throws LimbeckError when a file does not fit the manifest or onnxruntime. */
  static async load(runtime: Runtime, files: RetrievalFiles): Promise<Retrieval> {
    const { manifest, network } = files;
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
    return new Retrieval(files, session, await Sentences.load(runtime, files));
  }

  /** How well each caption fits an object seen from any number of sides, at any size. */
  async judge(seen: SquareViews, captions: readonly string[]): Promise<Judgement> {
    const { resolution, text } = this.manifest;
    const output = await this.#session.evaluate({
      views: {
        data: resizedViews(seen, resolution),
        dims: [seen.count, 4, resolution, resolution],
      },
      sentences: {
        data: await this.#sentences.of(captions),
        dims: [captions.length, text.pooled],
      },
    });
    return { scores: output('scores'), embedding: output('embedding') };
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
    await this.#sentences.dispose();
  }
}
