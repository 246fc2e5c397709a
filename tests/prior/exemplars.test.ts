/** A library of exemplars and what a prior is shown of it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodePicture } from '../../src/image/picture';
import { Denoiser } from '../../src/prior/denoiser';
import { Bm25 } from '../../src/prior/exemplars/bm25';
import { Exemplars, type ExemplarWish } from '../../src/prior/exemplars/exemplars';
import { Library } from '../../src/prior/exemplars/library';
import { Retrieval } from '../../src/prior/exemplars/retrieval';
import { FakeNetworks } from '../../src/prior/fake_score';
import { LocalFiles } from '../../src/prior/files';
import { PromptEncoder } from '../../src/prior/text_encoder';
import { openNodeBackend } from '../../src/runtime/node';
import { Runtime } from '../../src/runtime/runtime';
import { openTestGpu, type TestGpu } from '../gpu';
import { refusal } from '../refusal';
import {
  type TinyExemplarPrior,
  type TinyObject,
  tinyExemplarPrior,
  tinyLibrary,
  tinySeen,
  tinyStrip,
  tinyTokens,
} from './tiny_exemplars';
import { sizes, tinyPrediction, tinyPrior } from './tiny_prior';

const { V, C, H } = sizes;
const floats = V * C * H * H;

const objects: readonly TinyObject[] = [
  { id: 'seat', phrases: ['red chair', 'chair'], colour: [200, 10, 30, 255] },
  { id: 'mug', phrases: ['blue cup', 'cup'], colour: [10, 60, 220, 250] },
  { id: 'stool', phrases: ['chair'], colour: [90, 80, 70, 255] },
  { id: 'throne', phrases: ['chair'], untypical: ['chair'], colour: [250, 240, 20, 240] },
];

/** What a phrase means: which of these words it has. */
const meaning = (phrase: string) =>
  Float32Array.from({ length: sizes.pooled }, (_, i) =>
    phrase.split(' ').includes(['red', 'blue', 'chair', 'cup'][i]!) ? 1 : 0,
  );

let t: TestGpu;
let runtime: Runtime;
let encoder: PromptEncoder;
let prior: TinyExemplarPrior;
let library: Library;

const folder = (files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>) =>
  new LocalFiles('model', async (path) => {
    const bytes = files.get(path.replace('model/', ''));
    if (!bytes) throw new Error('ENOENT');
    return bytes;
  });
const load = (files = prior.files) =>
  Library.load(folder(files), prior.manifest.files.library!, decodePicture);

beforeAll(async () => {
  t = await openTestGpu();
  runtime = new Runtime(t.gpu, await openNodeBackend(t.gpu, 'cpu', 2));
  encoder = await PromptEncoder.load(runtime, await tinyPrior());
  prior = await tinyExemplarPrior(await tinyLibrary(objects, meaning));
  library = await load();
});
afterAll(() => runtime.dispose());

describe('a library', () => {
  test('has the strip of every object, and its views by halving, premultiplied', async () => {
    for (const [i, object] of objects.entries()) {
      const strip = tinyStrip(object, 2 * H);
      expect(await library.strip(i)).toEqual(strip);
      const views = await library.views(i, H);
      expect(views.length).toBe(V * 4 * H * H);
      for (let view = 0; view < V; view++) {
        for (let y = 0; y < H; y++) {
          const alphas = [2 * y, 2 * y + 1].map((row) => (object.colour[3]! - row) / 255);
          const alpha = (alphas[0]! + alphas[1]!) / 2;
          for (const c of [0, 1, 2, 3]) {
            const wanted = c === 3 ? alpha : (alpha * object.colour[c]!) / 255;
            expect(views[((view * 4 + c) * H + y) * H + 1]!).toBeCloseTo(wanted, 6);
          }
        }
      }
    }
    expect(await refusal(library.views(0, 3))).toMatch(
      /views of 10 pixels, of which those of 3 cannot/,
    );
  });

  test('says whose an object is, and what it is called', () => {
    expect(library.nameOf(1)).toBe('blue cup');
    expect(library.attributionOf(1)).toEqual({
      author: 'Ann',
      source: 'a pack',
      licence: 'CC0-1.0',
    });
    expect([library.find('stool'), library.find('sofa')]).toEqual([2, undefined]);
  });

  test.each([['../exemplars/library.json'], ['../exemplars/library.bin']])(
    'is refused by name where %s is missing, truncated or altered',
    async (path) => {
      const bytes = prior.files.get(path)!;
      const altered = bytes.slice();
      altered[bytes.length >> 1]! ^= 1;
      const without = new Map(prior.files);
      without.delete(path);
      expect(await refusal(load(without))).toContain(`${path} cannot be read`);
      for (const [wrong, message] of [
        [bytes.slice(0, -1), 'is truncated'],
        [altered, 'is not the file of its manifest'],
      ] as const) {
        expect(await refusal(load(new Map(prior.files).set(path, wrong)))).toContain(
          `${path} ${message}`,
        );
      }
    },
  );
});

describe('retrieval', () => {
  const best = (words: string, seed = 0, count = 4) =>
    new Retrieval(library).best({ words, sentence: meaning(words), seed }, count);
  const ids = (...args: Parameters<typeof best>) =>
    best(...args).map(({ object }) => objects[object]!.id);

  test('finds what is called so', () => {
    expect(ids('blue cup')[0]).toBe('mug');
    expect(ids('red chair')[0]).toBe('seat');
    expect(best('cup')[0]!.similarity).toBeCloseTo(1, 2);
    expect(best('red cup')[0]!.similarity).toBeCloseTo(Math.SQRT1_2, 2);
    expect(ids('cup', 0, 2)).toHaveLength(2);
  });

  test('shared words decide between equal meanings, as BM25 counts them', () => {
    const scores = new Bm25(['a red chair', 'two red cups', 'a cup', '']).scores('Cups, red!');
    // ln(1 + (4 - 2 + .5) / (2 + .5)) times 2.2 / (1 + 1.2 (.25 + .75 length / mean)), mean 2, for each word.
    const term = (length: number) => (Math.log(2) * 2.2) / (1 + 1.2 * (0.25 + (0.75 * length) / 2));
    const wanted = [term(3), 2 * term(3), term(2), 0];
    wanted.forEach((value, i) => {
      expect(scores[i]).toBeCloseTo(value, 10);
    });
    expect(new Bm25([]).scores('red')).toHaveLength(0);
  });

  test('lets the seed decide between those that fit alike, typical ones first', () => {
    const orders = Array.from({ length: 20 }, (_, seed) => ids('chair', seed));
    expect(new Set(orders.map(([first]) => first))).toEqual(new Set(['stool', 'seat']));
    for (const order of orders) expect(order.slice(2)).toEqual(['throne', 'mug']);
    expect(ids('chair', 5)).toEqual(orders[5]);
  });
});

describe('what a prior is shown', () => {
  const wish = (source: string, prompt = 'blue cup', strength = 1): ExemplarWish => ({
    prompt,
    seed: 0,
    exemplar: { source, strength },
  });
  const told = {
    encode: async (text: string) => ({ ...(await encoder.encode(text)), pooled: meaning(text) }),
  };
  const exemplars = (of = prior) =>
    new Exemplars({ prior: of, files: folder(of.files), runtime, encoder: told });

  test('is the object that the prompt finds, encoded as itself, with its attribution', async () => {
    const { shown, record, notes } = await exemplars().chosen(wish('auto'));
    const tokens = tinyTokens(await library.views(1, H));
    shown!.tokens.forEach((value, i) => {
      expect(value).toBeCloseTo(tokens[i]!, 4);
    });
    expect([...shown!.shown]).toEqual([1, 1, 1]);
    expect(record).toMatchObject({ from: 'library', id: 'mug', author: 'Ann', similarity: 1 });
    expect(notes).toEqual([]);
  });

  test('is what other words, or an id, name; it is said that it contradicts the prompt', async () => {
    const words = await exemplars().chosen(wish('red chair'));
    expect(words.record).toMatchObject({ id: 'seat' });
    const named = await exemplars().chosen(wish('library:mug', 'blue cup', 0.5));
    expect(named.record).toMatchObject({ id: 'mug' });
    expect([...named.shown!.shown]).toEqual([0.5, 0.5, 0.5]);
    expect(named.notes).toEqual([]);
    expect(words.notes.join()).toContain("The exemplar is 'red chair' and the prompt 'blue cup'");
  });

  test('is nothing where nothing is wanted', async () => {
    for (const nothing of [wish('none'), wish('auto', 'cup', 0)]) {
      expect(await exemplars().chosen(nothing)).toEqual({ notes: [] });
    }
  });

  test('a library that cannot be used stops only those who ask for it', async () => {
    const files = new Map(prior.files);
    files.delete('../exemplars/library.bin');
    const { shown, notes } = await exemplars({ ...prior, files }).chosen(wish('auto'));
    expect(shown).toBeUndefined();
    expect(notes[0]).toMatch(
      /^No exemplar is shown: model\/..\/exemplars\/library.bin cannot be read/,
    );
    expect(await refusal(exemplars({ ...prior, files }).chosen(wish('cup')))).toContain(
      'cannot be read',
    );
    expect(await refusal(exemplars().chosen(wish('library:sofa')))).toContain("no object 'sofa'");
    expect(await refusal(exemplars().chosen(wish('file:a.png')))).toContain(
      'The exemplar a.png is a file that is not here. Give the file again',
    );
  });

  test('a prior that takes none is shown none, and says so to those who insist', async () => {
    const plain = await tinyPrior();
    const none = new Exemplars({
      prior: plain,
      files: folder(plain.files),
      runtime,
      encoder: told,
    });
    expect(await none.chosen(wish('auto'))).toEqual({ notes: [] });
    expect(await refusal(none.chosen(wish('cup')))).toMatch(/Tiny cannot be shown an exemplar/);
    await expect(none.add({ name: 'a.png', bytes: new Uint8Array(9) })).rejects.toThrow(
      'Tiny cannot',
    );
  });
});

describe('a denoiser', () => {
  const z = Float32Array.from({ length: 2 * floats }, (_, i) => Math.sin(i));
  const cameras = Float32Array.from({ length: 16 * V }, (_, i) => Math.cos(i));
  const shownAs = async (shown: readonly number[]) => ({
    ...(await encoder.encode('red chair')),
    exemplar: {
      tokens: Float32Array.from(tinyTokens(await library.views(0, H))),
      shown: Float32Array.from(shown),
    },
  });

  test('is shown the exemplar in the questions that have it, and forgets it', async () => {
    const denoiser = await Denoiser.load(runtime, prior, 2);
    const without = await encoder.unconditional();
    const withIt = await shownAs([1, 0, 0.5]);
    const seen = tinySeen(withIt.exemplar.tokens).map(
      (value, i) => value * withIt.exemplar.shown[Math.floor(i / sizes.hidden)]!,
    );
    const ask = async (texts: readonly [typeof without, typeof without]) => {
      t.gpu.device.queue.writeBuffer(denoiser.z, 0, z);
      texts.forEach((text, slot) => {
        denoiser.setText(slot, text);
      });
      await denoiser.run({ timesteps: [700, 300], cameras });
      return t.readback.floats(denoiser.prediction, 2 * floats);
    };
    const agree = (
      found: Float32Array,
      texts: Parameters<typeof ask>[0],
      added: Float64Array[],
    ) => {
      const { expected, scale } = tinyPrediction(z, [700, 300], texts, cameras, added);
      found.forEach((value, i) => {
        expect(Math.abs(value - expected[i]!) / scale).toBeLessThan(1e-5);
      });
    };
    agree(await ask([withIt, without]), [withIt, without], [seen]);
    const { exemplar: _, ...bare } = withIt;
    agree(await ask([bare, without]), [bare, without], []);
    await denoiser.dispose();
  });

  test('has a fake score that is shown the same, and learns beside it', async () => {
    const [denoiser, networks] = [
      await Denoiser.load(runtime, prior, 1),
      await FakeNetworks.load(runtime, prior),
    ];
    const fake = networks.score(1);
    const text = await shownAs([1, 1, 1]);
    for (const seen of [denoiser.z, fake.z, fake.learned]) {
      t.gpu.device.queue.writeBuffer(seen, 0, z, 0, floats);
    }
    denoiser.setText(0, text);
    fake.setText(0, text);
    await denoiser.run({ timesteps: [400], cameras });
    await fake.predict({ timesteps: [400], cameras });
    const frozen = await t.readback.floats(denoiser.prediction, floats);
    expect(await t.readback.floats(fake.prediction, floats)).toEqual(frozen);
    t.gpu.device.queue.writeBuffer(
      fake.target,
      0,
      frozen.map((value) => 0.8 * value),
    );
    const losses: number[] = [];
    for (let i = 0; i < 30; i++) {
      losses.push((await fake.train({ timestep: 400, cameras, text, learningRate: 5e-3 })).loss);
    }
    expect(losses.at(-1)!).toBeLessThan(0.9 * losses[0]!);
    fake.dispose();
    await networks.dispose();
    await denoiser.dispose();
  });
});
