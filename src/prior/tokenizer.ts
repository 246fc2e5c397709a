/** Prompt to the text encoder's piece ids: the twin of `models/training/text/tokenizer.py`. */

import { LimbeckError } from '../errors';

/** The content of a model's `tokenizer.json`. */
export interface TokenizerJson {
  readonly format: string;
  readonly version: number;
  /** T, the number of ids of every prompt. */
  readonly length: number;
  /** Words of more code points are unknown. */
  readonly max_word: number;
  /** Prefix of the pieces that go on with a word. */
  readonly continuation: string;
  /** Pieces by id; the first four are [PAD], [UNK], [CLS] and [SEP]. */
  readonly vocabulary: readonly string[];
}

/** How much of a prompt a model takes in. */
export interface Reading {
  /** Whether the prompt was longer than T tokens and lost its end. */
  readonly truncated: boolean;
  /** Distinct words (normalised) that the vocabulary cannot spell, in the order of the prompt: each is one [UNK]. */
  readonly unknownWords: readonly string[];
}

/** A prompt as the text encoder is fed it. */
export interface TokenizedPrompt extends Reading {
  /** Ids [T]: the beginning, the pieces, the end, then padding. */
  readonly ids: Int32Array;
}

/** Prompts to ids. */
export interface PromptTokenizer {
  /** T, the number of ids of every prompt. */
  readonly length: number;
  /** Any text is valid; a long one is cut. */
  tokenize(prompt: string): TokenizedPrompt;
}

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]'];
const UNK = 1;
const CLS = 2;
const SEP = 3;

/** A run of letters and digits, or one punctuation mark or symbol; anything else separates words. */
const WORD = /[\p{L}\p{N}]+|[\p{P}\p{S}]/gu;

/** NFKC, lower case, combining marks removed. */
function normalise(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '');
}

/**
 * WordPiece (Wu et al. 2016, section 4.1): every word is split greedily into the longest pieces of
 * the vocabulary; a word with a part that matches none becomes one [UNK]. Any string is valid.
 */
export class Tokenizer implements PromptTokenizer {
  /** T, the number of ids of every prompt. */
  readonly length: number;
  readonly #maxWord: number;
  readonly #continuation: string;
  readonly #ids: ReadonlyMap<string, number>;

  /** @throws LimbeckError if `json` is not a WordPiece tokenizer of version 1. */
  constructor(json: TokenizerJson) {
    if (json.version !== 1) {
      throw new LimbeckError(
        `tokenizer.json: format "${json.format}" version ${json.version} is not known.`,
        'Export the model again, with format "wordpiece" version 1.',
      );
    }
    if (SPECIAL.some((piece, id) => json.vocabulary?.[id] !== piece)) {
      throw new LimbeckError(
        `tokenizer.json: the vocabulary must begin with ${SPECIAL.join(', ')}.`,
        'Export the model again.',
      );
    }
    if (!(json.length >= 2)) {
      throw new LimbeckError(
        `tokenizer.json: length is ${json.length}, but [CLS] and [SEP] take 2 ids.`,
        'Export the model again.',
      );
    }
    this.length = json.length;
    this.#maxWord = json.max_word;
    this.#continuation = json.continuation;
    this.#ids = new Map(json.vocabulary.map((piece, id) => [piece, id]));
  }

  /** A prompt in one pass: its ids, and what of it they lose. A long prompt is cut; [SEP] always stays. */
  tokenize(prompt: string): TokenizedPrompt {
    const ids = new Int32Array(this.length);
    const unknownWords = new Set<string>();
    const room = this.length - 2;
    let count = 0;
    for (const [word] of normalise(prompt).matchAll(WORD)) {
      const pieces = this.#pieces(word);
      if (pieces[0] === UNK) unknownWords.add(word);
      if (count < room) ids.set(pieces.slice(0, room - count), 1 + count);
      count += pieces.length;
    }
    ids[0] = CLS;
    ids[1 + Math.min(count, room)] = SEP;
    return { ids, truncated: count > room, unknownWords: [...unknownWords] };
  }

  /** Ids of one normalised word. */
  #pieces(word: string): number[] {
    const characters = [...word];
    if (characters.length > this.#maxWord) return [UNK];
    const ids: number[] = [];
    let start = 0;
    while (start < characters.length) {
      const prefix = start > 0 ? this.#continuation : '';
      let end = characters.length;
      let id: number | undefined;
      while (end > start) {
        id = this.#ids.get(prefix + characters.slice(start, end).join(''));
        if (id !== undefined) break;
        end--;
      }
      if (id === undefined) return [UNK];
      ids.push(id);
      start = end;
    }
    return ids;
  }
}
