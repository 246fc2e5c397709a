import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Tokenizer, type TokenizerJson } from '../../src/prior/tokenizer';

function readJson<T>(path: string): T {
  const url = new URL(path, import.meta.url);
  return JSON.parse(readFileSync(fileURLToPath(url), 'utf8')) as T;
}

interface Case {
  readonly prompt: string;
  /** Ids without the zeros at the end. */
  readonly ids: readonly number[];
}

const json = readJson<TokenizerJson>('../../models/text/tokenizer.json');
const cases = readJson<Case[]>('../fixtures/tokenizer.json');
const tokenizer = new Tokenizer(json);
const [UNK, CLS, SEP] = [1, 2, 3];

describe('Tokenizer', () => {
  it('gives the ids that Python gives', () => {
    expect(cases.length).toBeGreaterThan(900);
    for (const { prompt, ids } of cases) {
      const padded = [...ids, ...new Array<number>(json.length - ids.length).fill(0)];
      expect([...tokenizer.tokenize(prompt).ids], JSON.stringify(prompt.slice(0, 80))).toEqual(
        padded,
      );
    }
  });

  it('gives [CLS] [SEP] for the empty prompt and for blanks', () => {
    for (const prompt of ['', '   ', '\n\t\u200d\ufe0f']) {
      expect([...tokenizer.tokenize(prompt).ids.slice(0, 3)]).toEqual([CLS, SEP, 0]);
      expect(tokenizer.tokenize(prompt).unknownWords).toEqual([]);
    }
  });

  it('ignores case, accents and width', () => {
    const plain = tokenizer.tokenize('a cafe chair').ids;
    expect(tokenizer.tokenize('A  Café CHAIR').ids).toEqual(plain);
    expect(tokenizer.tokenize('ａ cafe\u0301 chair').ids).toEqual(plain);
  });

  it('cuts a long prompt and keeps [SEP]', () => {
    const ids = tokenizer.tokenize('red car '.repeat(1250)).ids;
    expect(ids.length).toBe(json.length);
    expect(ids[0]).toBe(CLS);
    expect(ids[json.length - 1]).toBe(SEP);
    expect(ids.slice(1, 4)).toEqual(tokenizer.tokenize('red car red').ids.slice(1, 4));
  });

  it('turns words without pieces into [UNK] and names them once', () => {
    const prompt = '猫 and 🐈 and 猫 and a cat';
    expect([...tokenizer.tokenize(prompt).ids].filter((id) => id === UNK).length).toBe(3);
    expect(tokenizer.tokenize(prompt).unknownWords).toEqual(['猫', '🐈']);
    expect(tokenizer.tokenize('an automobile, zxqvy-7').unknownWords).toEqual([]);
    expect(tokenizer.tokenize('x'.repeat(json.max_word + 1)).unknownWords.length).toBe(1);
  });

  it('splits a word of Latin letters into pieces that spell it', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9]{1,20}$/), (word) => {
        const pieces = [...tokenizer.tokenize(word).ids].filter((id) => id > SEP);
        const text = pieces.map((id) => json.vocabulary[id]!).join('');
        expect(text.replaceAll(json.continuation, '')).toBe(word);
      }),
    );
  });

  it('accepts any string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (prompt) => {
        const ids = [...tokenizer.tokenize(prompt).ids];
        const end = ids.indexOf(SEP);
        expect(ids[0]).toBe(CLS);
        expect(ids.slice(1, end).every((id) => id === UNK || id > SEP)).toBe(true);
        expect(ids.slice(end + 1).every((id) => id === 0)).toBe(true);
      }),
    );
    expect(() => tokenizer.tokenize('\ud83d lone surrogate \udc31')).not.toThrow();
  });

  it('refuses a file that is not its own', () => {
    expect(() => new Tokenizer({ ...json, version: 2 })).toThrow('version 2');
    expect(() => new Tokenizer({ ...json, length: 1 })).toThrow('length');
    expect(() => new Tokenizer({ ...json, vocabulary: ['a'] })).toThrow('[PAD]');
  });
});
