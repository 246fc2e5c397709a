import { LimbeckError } from '../../errors';
import { parseJson } from '../../prior/files';
import { type Manifest, parseManifest } from '../../prior/manifest';
import { shippedPriors } from '../../prior/shipped';
import type { KnownPrior, PriorShelf } from '../../ui/prior_dialog';
import { type GivenFiles, importPrior } from './import_prior';
import { KeptFiles, ownScheme, PriorStore } from './prior_store';

const hashesOf = ({ files }: Manifest) => Object.values(files).map(({ sha256 }) => sha256);

/** The priors that ship and those that the browser keeps. */
export class KnownPriors implements PriorShelf {
  readonly #store: PriorStore;
  readonly #folderOf: (word: string) => string;

  private constructor(store: PriorStore, folderOf: (word: string) => string) {
    this.#store = store;
    this.#folderOf = folderOf;
  }

  /**
   * @param folderOf the folder of a prior by its word in an address.
   * @throws LimbeckError where the browser keeps nothing.
   */
  static async open(folderOf: (word: string) => string): Promise<KnownPriors> {
    const store = await PriorStore.open();
    if (store) return new KnownPriors(store, folderOf);
    throw new LimbeckError(
      'This browser lets the page keep no priors.',
      'Open the page over https or on localhost, and in no private window.',
    );
  }

  async list(): Promise<readonly KnownPrior[]> {
    const shipped = Object.entries(shippedPriors).map(([word, name]) => this.#describe(word, name));
    const folders = new Set(Object.keys(shippedPriors).map((word) => this.#folderOf(word)));
    const others = (await this.#store.folders())
      .filter((folder) => !folders.has(folder))
      .map((folder) => this.#describe(folder));
    const known = await Promise.all([...shipped, ...others]);
    return known.filter((prior) => prior !== undefined);
  }

  give(files: GivenFiles): Promise<string> {
    return importPrior(files, this.#store);
  }

  /** Forgets what is kept of a prior, but for the files that it shares with others that are kept. */
  async forget(word: string): Promise<void> {
    const folder = this.#folderOf(word);
    const files = new Set(hashesOf(await this.#manifest(folder)));
    for (const other of await this.#store.folders()) {
      if (other === folder) continue;
      // What is no prior, or an older one that is no longer read, keeps nothing from being forgotten.
      const manifest = await this.#manifest(other).catch(() => undefined);
      for (const sha256 of manifest ? hashesOf(manifest) : []) files.delete(sha256);
    }
    await this.#store.forget(folder, files);
  }

  async #manifest(folder: string): Promise<Manifest> {
    const bytes = await new KeptFiles(folder, this.#store).read('manifest.json');
    return parseManifest(parseJson('manifest.json', bytes));
  }

  /** Undefined for one that cannot be read now. */
  async #describe(word: string, name?: string): Promise<KnownPrior | undefined> {
    try {
      const manifest = await this.#manifest(this.#folderOf(word));
      const files = Object.values(manifest.files);
      const kept = await Promise.all(files.map(({ sha256 }) => this.#store.has(sha256)));
      const size = (some: typeof files) => some.reduce((sum, { bytes }) => sum + bytes, 0);
      return {
        word,
        name: name ? `${manifest.name}, ${name}` : manifest.name,
        licence: manifest.licence,
        resolution: manifest.resolution,
        bytes: size(files),
        kept: size(files.filter((_, i) => kept[i])),
        where: word.startsWith(ownScheme) ? 'given' : name ? 'shipped' : 'address',
      };
    } catch (error) {
      if (error instanceof LimbeckError) return undefined;
      throw error;
    }
  }
}
