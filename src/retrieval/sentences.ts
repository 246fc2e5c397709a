import { PromptEncoder } from '../prior/text_encoder';
import type { Runtime } from '../runtime/runtime';
import type { RetrievalFiles } from './files';

/** Captions as a network that judges is told them, by the text encoder of its own. */
export class Sentences {
  readonly #encoder: PromptEncoder;
  readonly #pooled: number;
  /** By caption: pools share most of theirs. */
  readonly #features = new Map<string, Promise<Float32Array>>();

  private constructor(encoder: PromptEncoder, pooled: number) {
    this.#encoder = encoder;
    this.#pooled = pooled;
  }

  /** @throws LimbeckError when a file does not fit the manifest or onnxruntime. */
  static async load(runtime: Runtime, files: RetrievalFiles): Promise<Sentences> {
    const { manifest, textEncoder, tokenizer } = files;
    const { text } = manifest;
    const model = { manifest: { text: { ...text, unconditional: '' }, files: manifest.files } };
    const encoder = await PromptEncoder.load(runtime, { ...model, textEncoder, tokenizer });
    return new Sentences(encoder, text.pooled);
  }

  /** Unit features of captions, one after another [N, pooled]. */
  async of(captions: readonly string[]): Promise<Float32Array> {
    const all = new Float32Array(captions.length * this.#pooled);
    for (const [i, caption] of captions.entries()) {
      const known = this.#features.get(caption);
      const made = known ?? this.#encoder.encode(caption).then(({ pooled }) => pooled);
      this.#features.set(caption, made);
      all.set(await made, i * this.#pooled);
    }
    return all;
  }

  dispose(): Promise<void> {
    return this.#encoder.dispose();
  }
}
