/** Terms of a text: its words in lower case, without the plural's s. */
function termsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.map((word) => (word.length > 3 ? word.replace(/(?<!s)s$/, '') : word));
}

/** The usual constants: how soon a repeated term counts no more, and how much a long document costs. */
const saturation = 1.2;
const lengthPenalty = 0.75;

/** Ranks documents by the words that they share with a query: Okapi BM25 (Robertson and Zaragoza 2009). */
export class Bm25 {
  readonly #lengths: readonly number[];
  readonly #mean: number;
  /** By term: the documents that have it, and how often. */
  readonly #postings = new Map<string, Map<number, number>>();

  constructor(documents: readonly string[]) {
    const terms = documents.map(termsOf);
    this.#lengths = terms.map(({ length }) => length);
    this.#mean = this.#lengths.reduce((sum, length) => sum + length, 0) / (terms.length || 1);
    terms.forEach((document, i) => {
      for (const term of document) {
        const posting = this.#postings.get(term) ?? new Map<number, number>();
        posting.set(i, (posting.get(i) ?? 0) + 1);
        this.#postings.set(term, posting);
      }
    });
  }

  /** The score of every document, in their order; 0 where no word is shared. */
  scores(query: string): Float64Array {
    const scores = new Float64Array(this.#lengths.length);
    for (const term of new Set(termsOf(query))) {
      const posting = this.#postings.get(term);
      if (!posting) continue;
      const rarity = Math.log(
        1 + (this.#lengths.length - posting.size + 0.5) / (posting.size + 0.5),
      );
      for (const [i, times] of posting) {
        const length = 1 - lengthPenalty + (lengthPenalty * this.#lengths[i]!) / this.#mean;
        scores[i]! += (rarity * times * (saturation + 1)) / (times + saturation * length);
      }
    }
    return scores;
  }
}
