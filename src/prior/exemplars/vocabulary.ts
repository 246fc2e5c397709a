import type { LibraryIndex } from './index_file';

/** A phrase that a prior was taught, and how many objects of its library it is said of. */
export interface KnownPhrase {
  readonly phrase: string;
  readonly count: number;
  /** The object that shows it best, by its place in the library. */
  readonly object: number;
}

/** A kind of objects: all those whose phrases end with the same noun. */
export interface KnownKind extends KnownPhrase {
  readonly noun: string;
}

/** Words that tell of no object. */
const small = new Set(
  'a an and are as at be beside by for from has have in inside into is it its large like little made near next of off on one onto or other over photo picture render small some that the their there these this three to top two under very view with without'.split(
    ' ',
  ),
);

/** The words of a text in lower case. */
const wordsOf = (text: string): string[] => text.toLowerCase().match(/\p{L}+/gu) ?? [];

/** Without the plural's s, as far as a rule can tell. */
const singular = (word: string) => (word.length > 3 ? word.replace(/(?<!s)s$/, '') : word);

const article = /^(an?|the) /;

/** The words that a prior was taught objects by: those of its library. */
export class Vocabulary {
  readonly #known: readonly KnownPhrase[];
  readonly #words = new Set<string>();

  constructor({ phrases, objects }: Pick<LibraryIndex, 'phrases' | 'objects'>) {
    const saidOf = new Map<number, number[]>();
    objects.forEach((object, i) => {
      for (const phrase of object.phrases) saidOf.set(phrase, [...(saidOf.get(phrase) ?? []), i]);
    });
    this.#known = [...saidOf]
      .map(([phrase, of]) => {
        const isTypical = (i: number) => !objects[i]!.untypical.includes(phrase);
        // What it is called first is what it is.
        const isFirst = (i: number) => objects[i]!.phrases[0] === phrase;
        const object = of.find((i) => isFirst(i) && isTypical(i)) ?? of.find(isTypical) ?? of[0]!;
        return { phrase: phrases[phrase]!, count: of.length, object };
      })
      .sort((a, b) => b.count - a.count || (a.phrase < b.phrase ? -1 : 1));
    for (const phrase of phrases) {
      for (const word of wordsOf(phrase)) this.#words.add(singular(word));
    }
  }

  /** The kinds with most phrases, the most frequent first, each shown by the plainest of its phrases. */
  kinds(most: number): KnownKind[] {
    const kinds = new Map<string, KnownPhrase[]>();
    for (const known of this.#known) {
      const noun = singular(wordsOf(known.phrase).at(-1) ?? '');
      kinds.set(noun, [...(kinds.get(noun) ?? []), known]);
    }
    return [...kinds]
      .map(([noun, of]) => {
        const plainest = of.find(({ phrase }) => phrase.replace(article, '') === noun) ?? of[0]!;
        return { ...plainest, noun, count: of.reduce((sum, { count }) => sum + count, 0) };
      })
      .sort((a, b) => b.count - a.count || (a.noun < b.noun ? -1 : 1))
      .slice(0, most);
  }

  /** Phrases with words that begin as those that are looked for, the most frequent first. */
  matching(words: string, most: number): KnownPhrase[] {
    const wanted = wordsOf(words).filter((word) => !/^(an?|the)$/.test(word));
    return this.#known
      .filter(({ phrase }) => {
        const said = wordsOf(phrase);
        return wanted.every((start) => said.some((word) => word.startsWith(singular(start))));
      })
      .slice(0, most);
  }

  /** The words of a prompt that nothing in the library is called by. */
  unknown(prompt: string): string[] {
    const words = wordsOf(prompt).filter(
      (word) => word.length > 2 && !small.has(word) && !this.#words.has(singular(word)),
    );
    return [...new Set(words)];
  }

  /** The nearest phrase, of two words at most, by the cosines of all phrases; undefined where none is near. */
  static nearest(
    phrases: readonly string[],
    cosines: Float32Array,
    least: number,
  ): string | undefined {
    let [best, found] = [least, undefined as string | undefined];
    cosines.forEach((cosine, i) => {
      if (cosine <= best || wordsOf(phrases[i]!).length > 2) return;
      [best, found] = [cosine, phrases[i]!];
    });
    return found?.replace(article, '');
  }
}
