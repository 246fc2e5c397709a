import type { Runtime, Session } from '../runtime/runtime';
import type { Prior } from './files';
import { Tokenizer, type TokenizerJson } from './tokenizer';

/** How much of a prompt a model takes in. */
export interface Reading {
  /** Whether the prompt was longer than T tokens and lost its end. */
  readonly truncated: boolean;
  /** Words that the vocabulary cannot spell: the prior ignores what they mean. */
  readonly unknownWords: readonly string[];
}

/** What a denoiser is told of a prompt. */
export interface Conditioning extends Reading {
  /** Encoded tokens [T, D]. */
  readonly tokens: Float32Array;
  /** 1 for a token, 0 for padding [T]. */
  readonly mask: Float32Array;
  /** The prompt as one vector. */
  readonly pooled: Float32Array;
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

/** Prompts to conditionings, by the prior's own tokenizer and text encoder. */
export class PromptEncoder {
  readonly #session: Session;
  readonly #tokenizer: Tokenizer;

  private constructor(session: Session, tokenizer: Tokenizer) {
    this.#session = session;
    this.#tokenizer = tokenizer;
  }

  /** @throws ModelError when the text encoder does not fit its manifest or its tokenizer. */
  static async load(runtime: Runtime, prior: Prior): Promise<PromptEncoder> {
    const { max_tokens: tokens, width, pooled } = prior.manifest.text;
    const { path } = prior.manifest.files.text_encoder;
    const signature = {
      inputs: { ids: [1, tokens] },
      outputs: { tokens: [1, tokens, width], pooled: [1, pooled] },
    };
    const session = await runtime.loadForHost(path, prior.textEncoder, signature, { N: 1 });
    const tokenizer = new Tokenizer(prior.tokenizer as TokenizerJson);
    if (tokenizer.length !== tokens) {
      throw new RangeError(
        `The tokenizer makes ${tokenizer.length} tokens and the manifest says text: max_tokens ${tokens}: export both again.`,
      );
    }
    return new PromptEncoder(session, tokenizer);
  }

  unconditional(): Promise<Conditioning> {
    return this.encode('');
  }

  /** Encodes a prompt; the empty one is the unconditional conditioning. */
  async encode(prompt: string): Promise<Conditioning> {
    const ids = this.#tokenizer.encode(prompt);
    const output = await this.#session.evaluate({
      ids: { data: BigInt64Array.from(ids, BigInt), dims: [1, ids.length] },
    });
    return {
      tokens: output('tokens'),
      mask: Float32Array.from(ids, (id) => (id === 0 ? 0 : 1)),
      pooled: output('pooled'),
      ...this.reading(prompt),
    };
  }

  /** How much of a prompt is taken in: by the tokenizer alone, without a run of the encoder. */
  reading(prompt: string): Reading {
    return {
      truncated: this.#isTruncated(prompt, this.#tokenizer.length),
      unknownWords: this.#tokenizer.unknownWords(prompt),
    };
  }

  dispose(): Promise<void> {
    return this.#session.dispose();
  }

  /** Words are cut at white space at least, so their lengths add up to that of the prompt. */
  #isTruncated(prompt: string, length: number): boolean {
    const pieces = (word: string) =>
      this.#tokenizer.encode(word).filter((id) => id !== 0).length - 2;
    return prompt.split(/\s+/).reduce((sum, word) => sum + pieces(word), 0) > length - 2;
  }
}
