import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { type LibraryIndex, parseIndex } from '../../src/prior/exemplars/index_file';
import { Vocabulary } from '../../src/prior/exemplars/vocabulary';

const phrases = ['a tree', 'a green tree', 'a pine tree', 'trees', 'a glass', 'an old Café'];
const object = (id: string, said: number[], untypical: number[] = []) => ({
  id,
  source: 0,
  phrases: said,
  untypical,
});
const objects = [
  object('stump', [1, 0], [0]),
  object('oak', [0, 1]),
  object('pine', [2, 0]),
  object('wood', [3]),
  object('tumbler', [4]),
  object('bar', [5]),
];
const tiny = new Vocabulary({ phrases, objects });

test('kinds are nouns, shown by their plainest phrase and an object that is typical of it', () => {
  expect(tiny.kinds(2)).toEqual([
    { noun: 'tree', phrase: 'a tree', count: 7, object: 1 },
    { noun: 'café', phrase: 'an old Café', count: 1, object: 5 },
  ]);
  expect(new Vocabulary({ phrases: [], objects: [] }).kinds(3)).toEqual([]);
});

test('phrases are found by the beginnings of their words, in any order', () => {
  const found = (words: string, most = 9) => tiny.matching(words, most).map(({ phrase }) => phrase);
  expect(found('tree')).toEqual(['a tree', 'a green tree', 'a pine tree', 'trees']);
  expect(found('TREE gr')).toEqual(['a green tree']);
  expect(found('a tree', 1)).toEqual(['a tree']);
  expect(found('glasses')).toEqual([]);
  expect(found('.*')).toHaveLength(6);
});

test('words that nothing is called by are unknown, once each; small ones and plurals are not', () => {
  expect(tiny.unknown('The two green trees with a zeppelin, a Zeppelin beside glass')).toEqual([
    'zeppelin',
  ]);
  expect(tiny.unknown('ein CAFÉ')).toEqual(['ein']);
  expect(tiny.unknown('🌲 3 ok')).toEqual([]);
});

test('the nearest phrase has two words at most, and is near', () => {
  const cosines = Float32Array.of(0.6, 0.9, 0.8, 0.5, 0.7, 0.2);
  expect(Vocabulary.nearest(phrases, cosines, 0.5)).toBe('glass');
  expect(Vocabulary.nearest(phrases, cosines, 0.75)).toBeUndefined();
});

describe('the shipped library', () => {
  let index: LibraryIndex;
  beforeAll(async () => {
    const path = 'models/exemplars/library.json';
    index = parseIndex(JSON.parse(await readFile(path, 'utf8')), path);
  });

  test('knows the page’s examples and the usual kinds', () => {
    const vocabulary = new Vocabulary(index);
    for (const prompt of ['a pine tree', 'a wooden barrel', 'a round table', 'a cactus']) {
      expect(vocabulary.unknown(prompt)).toEqual([]);
    }
    expect(vocabulary.unknown('a zeppelin')).toEqual(['zeppelin']);
    const nouns = vocabulary.kinds(96).map(({ noun }) => noun);
    for (const noun of ['tree', 'car', 'house', 'chair', 'robot']) expect(nouns).toContain(noun);
    expect(new Set(nouns).size).toBe(96);
  });
});
