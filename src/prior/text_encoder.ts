import { LimbeckError } from '../errors';
import type { NetworkSession } from '../runtime/network_session';
import type { Runtime } from '../runtime/runtime';
import type { Manifest } from './manifest';
import type { PromptTokenizer, Reading } from './tokenizer';
import { tokenizerOf } from './tokenizers';

/** What a denoiser is told of a prompt. */
export interface Conditioning extends Reading {
  /** Encoded tokens [T, D]. */
  readonly tokens: Float32Array;
  /** 1 for a token, 0 for padding [T]. */
  readonly mask: Float32Array;
  /** The prompt as one vector. */
  readonly pooled: Float32Array;
  /** What is shown beside the prompt. */
  readonly exemplar?: ShownExemplar;
}

/** An exemplar as a denoiser is shown it. */
export interface ShownExemplar {
  /** Encoded views [K, D]. */
  readonly tokens: Float32Array;
  /** How far each view is shown, from 0 to 1 [V]. */
  readonly shown: Float32Array;
}

/** What a text encoder is made of, its files in memory: a prior has one. */
export interface TextModel {
  readonly manifest: {
    readonly text: Manifest['text'];
    readonly files: { readonly text_encoder: { readonly path: string } };
  };
  /** ONNX: ids -> tokens, pooled. */
  readonly textEncoder: Uint8Array;
  /** What `tokenizerOf` is given. */
  readonly tokenizer: unknown;
}

/** Unknown words that are named. */
const mostNamed = 5;

/** What of a prompt the model does not take in, a sentence each, and what to do; nothing when it takes all. */
export function promptNotes({ truncated, unknownWords }: Reading): string[] {
  const notes: string[] = [];
  if (truncated) notes.push('The prompt is longer than the model reads: its end is ignored.');
  if (unknownWords.length > 0) {
    const named = unknownWords.slice(0, mostNamed).map((word) => `'${word}'`);
    const others = unknownWords.length - named.length;
    const list = others > 0 ? [...named, `${others} more`] : named;
    notes.push(`The model does not know ${list.join(', ')}: use plain English words.`);
  }
  return notes;
}

/** Prompts to conditionings, by a tokenizer and its text encoder. */
export class PromptEncoder {
  readonly #session: NetworkSession;
  readonly #tokenizer: PromptTokenizer;
  readonly #unconditionalPrompt: string;
  #unconditional: Promise<Conditioning> | undefined;

  private constructor(
    session: NetworkSession,
    tokenizer: PromptTokenizer,
    unconditionalPrompt: string,
  ) {
    this.#session = session;
    this.#tokenizer = tokenizer;
    this.#unconditionalPrompt = unconditionalPrompt;
  }

  /** @throws LimbeckError when the text encoder does not fit its manifest or its tokenizer. */
  static async load(runtime: Runtime, model: TextModel): Promise<PromptEncoder> {
    const { max_tokens: tokens, width, pooled } = model.manifest.text;
    const { path } = model.manifest.files.text_encoder;
    const signature = {
      inputs: { ids: [1, tokens] },
      outputs: { tokens: [1, tokens, width], pooled: [1, pooled] },
    };
    const tokenizer = tokenizerOf(model.tokenizer);
    if (tokenizer.length !== tokens) {
      throw new LimbeckError(
        `The tokenizer makes ${tokenizer.length} tokens and the manifest says text: max_tokens ${tokens}.`,
        'Export both again.',
      );
    }
    const session = await runtime.loadForHost(path, model.textEncoder, signature, { N: 1 });
    return new PromptEncoder(session, tokenizer, model.manifest.text.unconditional);
  }

  /** Encodes a prompt. */
  async encode(prompt: string): Promise<Conditioning> {
    const { ids, ...reading } = this.#tokenizer.tokenize(prompt);
    const output = await this.#session.evaluate({
      ids: { data: BigInt64Array.from(ids, BigInt), dims: [1, ids.length] },
    });
    return {
      tokens: output('tokens'),
      mask: Float32Array.from(ids, (id) => (id === 0 ? 0 : 1)),
      pooled: output('pooled'),
      ...reading,
    };
  }

  /**
   * The unconditional conditioning: what the manifest's `text: unconditional` encodes to, often the empty prompt. It is
   * encoded once.
   */
  unconditional(): Promise<Conditioning> {
    this.#unconditional ??= this.encode(this.#unconditionalPrompt);
    return this.#unconditional;
  }

  /** How much of a prompt is taken in: by the tokenizer alone, without a run of the encoder. */
  reading(prompt: string): Reading {
    const { truncated, unknownWords } = this.#tokenizer.tokenize(prompt);
    return { truncated, unknownWords };
  }

  dispose(): Promise<void> {
    return this.#session.dispose();
  }
}
