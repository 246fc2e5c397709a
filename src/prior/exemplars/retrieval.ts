import { streams, uniform } from '../../random';
import { Bm25 } from './bm25';
import type { Library } from './library';

/** What is looked for. */
export interface Wanted {
  readonly words: string;
  /** Their meaning: a unit feature of the text encoder [D]. */
  readonly sentence: Float32Array;
  /** Decides between objects that fit equally well. */
  readonly seed: number;
}

/** An object of a library, and how well it fits. */
export interface Candidate {
  /** Its place in the library. */
  readonly object: number;
  /** Cosine of the meanings of what is looked for and of the nearest phrase of the object. */
  readonly similarity: number;
}

/** How much shared words count beside meaning, whose cosines lie from 0 to 1. */
const wordsWeight = 0.05;
/** What an object is preferred by that is typical of just these words, and the noise that decides between equals. */
const typicalBonus = 0.01;
const tie = 0.004;

/** Finds objects by meaning, then by words. */
export class Retrieval {
  readonly #library: Library;
  readonly #words: Bm25;

  constructor(library: Library) {
    const { objects, phrases } = library.index;
    this.#library = library;
    this.#words = new Bm25(
      objects.map((object) => object.phrases.map((phrase) => phrases[phrase]).join(' ')),
    );
  }

  /** The `count` objects that fit best, the best first. */
  best({ words, sentence, seed }: Wanted, count: number): Candidate[] {
    const { objects, phrases } = this.#library.index;
    const cosines = this.#library.cosines(sentence);
    const shared = this.#words.scores(words);
    const most = Math.max(1e-9, ...shared);
    const said = words.trim().toLowerCase();
    const scored = objects.map((object, i) => {
      const similarity = Math.max(...object.phrases.map((phrase) => cosines[phrase]!));
      const isTypical = object.phrases.some(
        (phrase) => phrases[phrase] === said && !object.untypical.includes(phrase),
      );
      const score =
        similarity +
        (wordsWeight * shared[i]!) / most +
        (isTypical ? typicalBonus : 0) +
        tie * uniform(seed, streams.exemplar, 0, i);
      return { object: i, similarity, score };
    });
    const sorted = scored.toSorted((a, b) => b.score - a.score || a.object - b.object);
    return sorted.slice(0, count).map(({ object, similarity }) => ({ object, similarity }));
  }

  /** Cosine of a meaning [D] and of the nearest phrase of an object. */
  similarity(object: number, sentence: Float32Array): number {
    const { phrases } = this.#library.index.objects[object]!;
    const cosines = this.#library.cosines(sentence);
    return Math.max(...phrases.map((phrase) => cosines[phrase]!));
  }
}
