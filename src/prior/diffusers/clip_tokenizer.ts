import { Tokenizer as BytePairs } from '@huggingface/tokenizers';
import { LimbeckError } from '../../errors';
import type { PromptTokenizer, TokenizedPrompt } from '../tokenizer';

/** The files of diffusers' folder `tokenizer`, parsed; `merges` is a text. */
export interface ClipTokenizerFiles {
  readonly format: 'clip';
  readonly vocabulary: Readonly<Record<string, number>>;
  /** `merges.txt`: a pair a line, the first line being a comment. */
  readonly merges: string;
  /** `tokenizer_config.json`. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** What CLIP splits a prompt into before it looks for pairs (Radford et al. 2021; open_clip, simple_tokenizer.py). */
const WORDS =
  "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";

/** The content of a special token, which configs give as a text or as an object. */
function contentOf(token: unknown): string | undefined {
  if (typeof token === 'string') return token;
  const content = (token as { readonly content?: unknown } | null | undefined)?.content;
  return typeof content === 'string' ? content : undefined;
}

/** CLIP's byte pairs: [start, pieces, end], then padding. Every text is known to it. */
export class ClipTokenizer implements PromptTokenizer {
  readonly length: number;
  readonly #pairs: BytePairs;
  readonly #start: number;
  readonly #end: number;
  readonly #padding: number;

  /** @throws LimbeckError if the files are not those of CLIP's tokenizer. */
  constructor({ vocabulary, merges, config }: ClipTokenizerFiles) {
    const id = (key: string, otherwise: string): number => {
      const piece = contentOf(config[key]) ?? otherwise;
      const found = Object.hasOwn(vocabulary, piece) ? vocabulary[piece] : undefined;
      if (typeof found === 'number') return found;
      throw new LimbeckError(
        `tokenizer/vocab.json has no piece "${piece}", which is the ${key} of its configuration.`,
        'Download the folder tokenizer again: all of its files belong together.',
      );
    };
    const end = contentOf(config.eos_token) ?? '<|endoftext|>';
    this.#start = id('bos_token', '<|startoftext|>');
    this.#end = id('eos_token', end);
    this.#padding = id('pad_token', end);
    const length = config.model_max_length;
    // Configs that know no length have a number beyond any.
    this.length = typeof length === 'number' && length >= 3 && length < 1e6 ? length : 77;
    const lines = merges
      .split(/\r?\n/)
      .filter((line) => line !== '' && !line.startsWith('#version'));
    const pairs = lines.map((line) => line.split(' '));
    const model = {
      ...{ type: 'BPE', unk_token: end, end_of_word_suffix: '</w>', continuing_subword_prefix: '' },
      ...{ vocab: vocabulary, merges: pairs, fuse_unk: false, byte_fallback: false, dropout: null },
    };
    const replaced = { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' };
    const split = { type: 'Split', pattern: { Regex: WORDS }, behavior: 'Removed', invert: true };
    const bytes = {
      type: 'ByteLevel',
      add_prefix_space: false,
      trim_offsets: true,
      use_regex: false,
    };
    this.#pairs = new BytePairs(
      {
        ...{ version: '1.0', truncation: null, padding: null, added_tokens: [], model },
        normalizer: {
          type: 'Sequence',
          normalizers: [{ type: 'NFC' }, replaced, { type: 'Lowercase' }],
        },
        pre_tokenizer: { type: 'Sequence', pretokenizers: [split, bytes] },
        post_processor: null,
        decoder: null,
      },
      {},
    );
  }

  tokenize(prompt: string): TokenizedPrompt {
    const pieces = this.#pairs.encode(prompt, { add_special_tokens: false }).ids;
    const room = this.length - 2;
    const kept = pieces.slice(0, room);
    const ids = new Int32Array(this.length).fill(this.#padding);
    ids.set([this.#start, ...kept, this.#end]);
    return { ids, truncated: pieces.length > room, unknownWords: [] };
  }
}
