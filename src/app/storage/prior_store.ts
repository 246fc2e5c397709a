import { LimbeckError } from '../../errors';
import { FetchedFiles } from '../../prior/fetched_files';
import type { FileStore, ModelFiles } from '../../prior/files';

const cacheName = 'limbeck-priors';
const manifestPath = 'manifest.json';

/** Before the name of a prior whose files were given by the visitor, in an address. */
export const ownScheme = 'kept:';

/** Bytes under an address of the cache's own, which no server is asked for. */
const byHash = (sha256: string) => `/kept/files/${sha256}`;
const byFolder = (folder: string) => `/kept/manifests/${encodeURIComponent(folder)}`;

/**
 * What the browser keeps of priors (Cache API): files by their SHA-256, so that priors share them, and manifests by
 * their folder. What cannot be kept is downloaded again next time.
 */
export class PriorStore implements FileStore {
  readonly #cache: Cache;

  private constructor(cache: Cache) {
    this.#cache = cache;
  }

  /** Undefined where the browser keeps nothing, as in some private windows. */
  static async open(): Promise<PriorStore | undefined> {
    const cache = await globalThis.caches?.open(cacheName).catch(() => undefined);
    return cache && new PriorStore(cache);
  }

  get(sha256: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#read(byHash(sha256));
  }

  put(sha256: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    return this.#write(byHash(sha256), bytes);
  }

  async has(sha256: string): Promise<boolean> {
    return (await this.#cache.match(byHash(sha256))) !== undefined;
  }

  manifest(folder: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#read(byFolder(folder));
  }

  putManifest(folder: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    return this.#write(byFolder(folder), bytes);
  }

  /** Folders whose manifests are kept. */
  async folders(): Promise<string[]> {
    const paths = (await this.#cache.keys()).map(({ url }) => new URL(url).pathname);
    const start = byFolder('');
    return paths
      .filter((path) => path.startsWith(start))
      .map((path) => decodeURIComponent(path.slice(start.length)));
  }

  /** Forgets a prior's manifest, and files by their SHA-256. */
  async forget(folder: string, files: Iterable<string>): Promise<void> {
    await this.#cache.delete(byFolder(folder));
    for (const sha256 of files) await this.#cache.delete(byHash(sha256));
  }

  async #read(address: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const response = await this.#cache.match(address);
    return response && new Uint8Array(await response.arrayBuffer());
  }

  async #write(address: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    // A storage that is full costs a download next time, and no run.
    await this.#cache.put(address, new Response(bytes)).catch(() => {});
  }
}

/** A prior's folder on a server or in the browser's storage: what was once downloaded of it is there without a network. */
export class KeptFiles implements ModelFiles {
  readonly store: PriorStore;
  readonly #folder: string;
  readonly #fetched: FetchedFiles;

  /** @param folder its URL, or the name of one that the visitor gave. */
  constructor(folder: string, store: PriorStore) {
    this.store = store;
    this.#folder = folder;
    this.#fetched = new FetchedFiles(folder);
  }

  async read(path: string, onProgress?: (received: number, total: number) => void) {
    if (path === manifestPath) return this.#manifest();
    if (this.#folder.startsWith(ownScheme)) throw this.#lost(path);
    return this.#fetched.read(path, onProgress);
  }

  /** The newest, or the one that was newest when there was a network. */
  async #manifest(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#folder.startsWith(ownScheme)) {
      const own = await this.store.manifest(this.#folder);
      if (own) return own;
      throw this.#lost(manifestPath);
    }
    try {
      const bytes = await this.#fetched.read(manifestPath);
      await this.store.putManifest(this.#folder, bytes);
      return bytes;
    } catch (error) {
      const kept = await this.store.manifest(this.#folder);
      if (kept) return kept;
      throw error;
    }
  }

  #lost(path: string): LimbeckError {
    const name = this.#folder.slice(ownScheme.length);
    return new LimbeckError(
      `The browser no longer keeps ${path} of the prior ${name}.`,
      'Give its folder again, under Models, or choose another prior.',
    );
  }
}
