import { inWords, LimbeckError } from '../../errors';
import type { Image } from '../../image/image';
import { decodePicture } from '../../image/picture';
import type { PlatformDecoder } from '../../image/platform';
import type { ObjectMesh } from '../../object/object_mesh';
import { readObject } from '../../object/read_object';
import type { Runtime } from '../../runtime/runtime';
import type { LoadProgress, ModelFiles, Prior } from '../files';
import type { ExemplarManifest } from '../manifest';
import type { ExemplarSettings } from '../settings';
import type { PromptEncoder, ShownExemplar } from '../text_encoder';
import { ExemplarEncoder } from './encoder';
import { type Attribution, Library } from './library';
import { type ExemplarFile, type ExemplarViews, type OwnExemplar, readExemplar } from './own';
import { type Candidate, Retrieval } from './retrieval';
import { fileSource, sourceOf } from './source';
import { type KnownPhrase, Vocabulary } from './vocabulary';

/** What a run is shown, for its record. */
export type ExemplarRecord =
  | ({
      readonly from: 'library';
      readonly id: string;
      readonly name: string;
      readonly similarity: number;
    } & Attribution)
  /** `views`: how many of its views are known. */
  | { readonly from: 'file'; readonly name: string; readonly views: number };

/** What a run is shown beside its prompt. */
export interface ChosenExemplar {
  /** What the prior is told; absent where it is shown nothing. */
  readonly shown?: ShownExemplar;
  readonly record?: ExemplarRecord;
  /** A person's own, which no setting holds. */
  readonly own?: OwnExemplar;
  /** What of the wish could not be met, in sentences. */
  readonly notes: readonly string[];
}

/** An object that the library offers. */
export interface FoundExemplar extends Attribution {
  readonly id: string;
  readonly name: string;
  readonly similarity: number;
  /** Its views side by side. */
  readonly image: Image;
}

/** What decides on an exemplar. */
export interface ExemplarWish {
  readonly prompt: string;
  readonly seed: number;
  readonly exemplar: ExemplarSettings;
}

export interface ExemplarsParts {
  readonly prior: Prior;
  readonly files: ModelFiles;
  readonly runtime: Runtime;
  readonly encoder: Pick<PromptEncoder, 'encode'>;
  readonly onProgress?: LoadProgress | undefined;
  /** Decodes WebP and others. Default: the browser's own. */
  readonly platform?: PlatformDecoder | undefined;
}

/** A phrase that the prior was taught, as it looks. */
export interface ShownPhrase {
  readonly phrase: string;
  /** Objects of the library that it is said of. */
  readonly count: number;
  /** What finds its kind, where it stands for one. */
  readonly noun?: string;
  /** The front of one of them, on nothing. */
  readonly image: Image;
}

/** A word that the prior was not taught, and the nearest that it was. */
export interface UnknownWord {
  readonly word: string;
  readonly nearest?: string;
}

/** Phrases that are shown at a time. */
const mostShown = 96;

/** Below this similarity an object has little to do with what was said. */
const leastSimilarity = 0.5;

/** The exemplars of a prior: those of its library, found by words, and a person's own. */
export class Exemplars {
  readonly #parts: ExemplarsParts;
  readonly #own = new Map<string, OwnExemplar>();
  /** A person's own objects, to start from. */
  readonly #objects = new Map<string, ExemplarFile>();
  /** What was encoded, by where it came from. */
  readonly #tokens = new Map<string, Promise<Float32Array>>();
  #network: Promise<ExemplarEncoder> | undefined;
  #library: Promise<{ library: Library; retrieval: Retrieval; vocabulary: Vocabulary }> | undefined;

  constructor(parts: ExemplarsParts) {
    this.#parts = parts;
  }

  /** Whether the prior may be shown exemplars at all. */
  get possible(): boolean {
    return this.#parts.prior.manifest.exemplar !== undefined;
  }

  /**
   * Reads a person's file and keeps it under its name.
   * @throws LimbeckError for one that cannot be shown, or a prior that takes none.
   */
  async add(file: ExemplarFile): Promise<OwnExemplar> {
    const { prior } = this.#parts;
    const own = await readExemplar(file, prior.manifest, this.#asked(), this.#parts.platform);
    this.keep(own);
    this.hold(file);
    return own;
  }

  /** Keeps a person's file under its name, for {@link object}. */
  hold(file: ExemplarFile): void {
    this.#objects.set(fileSource(file.name), file);
  }

  /** Reads an object that is held. @throws LimbeckError when it is not here, or is a picture. */
  async object(source: string): Promise<ObjectMesh> {
    const file = this.#objects.get(source);
    if (!file) {
      throw new LimbeckError(
        `The object to start from, ${source.replace(/^file:/, '')}, is not here.`,
        'Give its file again, or start from none.',
      );
    }
    const { platform } = this.#parts;
    return (await readObject(file.bytes, file.name, file.beside, { platform })).mesh;
  }

  /** Keeps an exemplar that was read before. */
  keep(own: OwnExemplar): void {
    this.#own.set(own.name, own);
    this.#tokens.delete(`file:${own.name}`);
  }

  /** The objects of the library that fit words best. @throws LimbeckError when there is no library. */
  async find(words: string, seed: number, count: number): Promise<FoundExemplar[]> {
    const { library } = await this.#opened();
    const best = await this.#best(words, seed, count);
    return Promise.all(
      best.map(async (candidate) => ({
        ...described(library, candidate),
        image: await library.strip(candidate.object),
      })),
    );
  }

  /**
   * What the prior was taught: the kinds of objects where nothing is looked for, else the phrases with these words.
   * @throws LimbeckError when there is no library.
   */
  async browse(words: string): Promise<ShownPhrase[]> {
    const { library, vocabulary } = await this.#opened();
    const found: readonly (KnownPhrase & { readonly noun?: string })[] = words.trim()
      ? vocabulary.matching(words, mostShown)
      : vocabulary.kinds(mostShown);
    return Promise.all(
      found.map(async ({ object, ...known }) => ({ ...known, image: await library.front(object) })),
    );
  }

  /** The words of a prompt that the prior was not taught. @throws LimbeckError when there is no library. */
  async unknown(prompt: string): Promise<UnknownWord[]> {
    const { library, vocabulary } = await this.#opened();
    const { phrases } = library.index;
    return Promise.all(
      vocabulary.unknown(prompt).map(async (word) => {
        const { pooled } = await this.#parts.encoder.encode(word);
        const nearest = Vocabulary.nearest(phrases, library.cosines(pooled), leastSimilarity);
        return { word, ...(nearest !== undefined && { nearest }) };
      }),
    );
  }

  /**
   * What a run is shown. Where nobody asked for a certain exemplar, a library that cannot be used is no reason to stop.
   * @throws LimbeckError when a certain one is asked for that there is not.
   */
  async chosen({ prompt, seed, exemplar }: ExemplarWish): Promise<ChosenExemplar> {
    const source = sourceOf(exemplar.source);
    if (source.kind === 'none' || exemplar.strength === 0) return { notes: [] };
    if (source.kind === 'auto') {
      if (!this.possible || !this.#parts.prior.manifest.files.library) return { notes: [] };
      try {
        return await this.#found(prompt, prompt, seed, exemplar.strength);
      } catch (error) {
        if (!(error instanceof LimbeckError)) throw error;
        return { notes: [`No exemplar is shown: ${inWords(error)}`] };
      }
    }
    if (source.kind === 'words') return this.#found(source.words, prompt, seed, exemplar.strength);
    if (source.kind === 'library') return this.#named(source.id, prompt, exemplar.strength);
    const own = this.#own.get(source.name);
    if (!own) {
      throw new LimbeckError(
        `The exemplar ${source.name} is a file that is not here.`,
        'Give the file again, or choose another exemplar.',
      );
    }
    const record = {
      from: 'file',
      name: own.name,
      views: own.shown.filter((share) => share > 0).length,
    } as const;
    return {
      ...(await this.#told(exemplar.source, own, exemplar.strength)),
      record,
      own,
      notes: own.notes,
    };
  }

  async dispose(): Promise<void> {
    await (await this.#network)?.dispose();
  }

  /** How the prior is shown exemplars. @throws LimbeckError for one that is shown none. */
  #asked(): ExemplarManifest {
    const { exemplar, name } = this.#parts.prior.manifest;
    if (exemplar) return exemplar;
    throw new LimbeckError(
      `${name} cannot be shown an exemplar.`,
      'Choose another prior, or no exemplar.',
    );
  }

  /** The best object for words; where what it was looked for is the prompt itself, only one that has to do with it. */
  async #found(words: string, prompt: string, seed: number, strength: number) {
    const [best] = await this.#best(words, seed, 1);
    if (!best) return { notes: ['The library of exemplars is empty.'] };
    if (best.similarity < leastSimilarity) {
      if (words === prompt) {
        const notes = [`The library has nothing like '${words}': the prior is shown no exemplar.`];
        return { notes };
      }
      throw new LimbeckError(
        `The library has nothing like '${words}'.`,
        'Say it in other words, or give a file of your own.',
      );
    }
    return this.#ofLibrary(best, words === prompt ? undefined : prompt, strength);
  }

  async #named(id: string, prompt: string, strength: number): Promise<ChosenExemplar> {
    const { library, retrieval } = await this.#opened();
    const object = library.find(id);
    if (object === undefined) {
      throw new LimbeckError(`The library has no object '${id}'.`, 'Choose another exemplar.');
    }
    const { pooled } = await this.#parts.encoder.encode(prompt);
    return this.#ofLibrary(
      { object, similarity: retrieval.similarity(object, pooled) },
      prompt,
      strength,
    );
  }

  /** @param prompt where the object was not looked for by it: then it may say something else. */
  async #ofLibrary(
    candidate: Candidate,
    prompt: string | undefined,
    strength: number,
  ): Promise<ChosenExemplar> {
    const { library, retrieval } = await this.#opened();
    const { resolution, views: count } = this.#parts.prior.manifest;
    const record = { from: 'library', ...described(library, candidate) } as const;
    const views = await library.views(candidate.object, resolution);
    const shown = new Float32Array(count).fill(1);
    const told = await this.#told(`library:${record.id}`, { views, shown }, strength);
    if (prompt === undefined) return { ...told, record, notes: [] };
    const { pooled } = await this.#parts.encoder.encode(prompt);
    const isFar = retrieval.similarity(candidate.object, pooled) < leastSimilarity;
    const contradiction = `The exemplar is '${record.name}' and the prompt '${prompt}': what comes of it has something of both.`;
    return { ...told, record, notes: isFar ? [contradiction] : [] };
  }

  async #told(key: string, { views, shown }: ExemplarViews, strength: number) {
    const made = this.#tokens.get(key) ?? this.#encoded(views);
    this.#tokens.set(key, made);
    return { shown: { tokens: await made, shown: shown.map((share) => share * strength) } };
  }

  async #encoded(views: Float32Array): Promise<Float32Array> {
    this.#network ??= this.#loadNetwork();
    return (await this.#network).encode(views);
  }

  #loadNetwork(): Promise<ExemplarEncoder> {
    const { prior, runtime } = this.#parts;
    const { exemplarEncoder } = prior;
    if (!exemplarEncoder)
      throw new Error('A prior that is shown exemplars has an encoder for them.');
    return ExemplarEncoder.load(runtime, { ...prior, exemplarEncoder }, this.#asked());
  }

  async #best(words: string, seed: number, count: number): Promise<Candidate[]> {
    const { retrieval } = await this.#opened();
    const { pooled } = await this.#parts.encoder.encode(words);
    return retrieval.best({ words, sentence: pooled, seed }, count);
  }

  #opened() {
    this.#library ??= this.#openLibrary();
    return this.#library;
  }

  /** One that could not be read is not tried again. */
  async #openLibrary() {
    const { prior, files, platform, onProgress } = this.#parts;
    const { library: entry } = prior.manifest.files;
    this.#asked();
    if (!entry) {
      throw new LimbeckError(
        `${prior.manifest.name} has no library of exemplars.`,
        'Give a file of your own, or choose another prior.',
      );
    }
    const read = (bytes: Uint8Array<ArrayBuffer>) => decodePicture(bytes, { platform });
    const library = await Library.load(files, entry, read, onProgress);
    const vocabulary = new Vocabulary(library.index);
    return { library, retrieval: new Retrieval(library), vocabulary };
  }
}

function described(library: Library, { object, similarity }: Candidate) {
  return {
    id: library.index.objects[object]!.id,
    name: library.nameOf(object),
    similarity: Math.round(1000 * similarity) / 1000,
    ...library.attributionOf(object),
  };
}
