import { LimbeckError } from '../../errors';
import { besideIndex, parseIndex } from '../../prior/exemplars/index_file';
import { type ModelFiles, parseJson, readVerified } from '../../prior/files';
import { parseManifest } from '../../prior/manifest';
import { ownScheme, type PriorStore } from './prior_store';

/** Files that came together, by their paths with '/'. */
export type GivenFiles = ReadonlyMap<string, Blob>;

/**
 * Keeps a prior that the visitor gave as a folder, each file checked against its manifest.
 * @returns the word for it in an address.
 * @throws LimbeckError naming what is missing or damaged.
 */
export async function importPrior(given: GivenFiles, store: PriorStore): Promise<string> {
  const path = manifestAmong([...given.keys()]);
  const files = new GivenFolder(given, path.slice(0, path.lastIndexOf('/') + 1), store);
  const bytes = await files.read('manifest.json');
  const manifest = parseManifest(parseJson('manifest.json', bytes));
  for (const entry of Object.values(manifest.files)) await readVerified(files, entry);
  const { library } = manifest.files;
  if (library) {
    const index = parseIndex(
      parseJson(library.path, await readVerified(files, library)),
      library.path,
    );
    await readVerified(files, besideIndex(library.path, index.file));
  }
  const word = ownScheme + manifest.id.replace(/[^\w.-]+/g, '-');
  await store.putManifest(word, bytes);
  if (
    await isWhole(
      store,
      Object.values(manifest.files).map(({ sha256 }) => sha256),
    )
  )
    return word;
  await store.forget(word, []);
  throw new LimbeckError(
    "The browser's storage has no room for this prior.",
    'Delete runs that you do not need, under Runs, or put the prior on a server and give its address.',
  );
}

async function isWhole(store: PriorStore, hashes: readonly string[]): Promise<boolean> {
  return (await Promise.all(hashes.map((sha256) => store.has(sha256)))).every(Boolean);
}

/** The manifest that lies highest. @throws LimbeckError when there is none. */
function manifestAmong(paths: readonly string[]): string {
  const depth = (path: string) => path.split('/').length;
  const found = paths
    .filter((path) => /(^|\/)manifest\.json$/.test(path))
    .sort((a, b) => depth(a) - depth(b));
  if (found[0] !== undefined) return found[0];
  throw new LimbeckError(
    `There is no manifest.json among the ${paths.length} files.`,
    "Give the prior's whole folder.",
  );
}

/** A prior's folder among files that were given. */
class GivenFolder implements ModelFiles {
  readonly store: PriorStore;
  readonly #given: GivenFiles;
  readonly #folder: string;

  constructor(given: GivenFiles, folder: string, store: PriorStore) {
    this.#given = given;
    this.#folder = folder;
    this.store = store;
  }

  async read(path: string): Promise<Uint8Array<ArrayBuffer>> {
    // An address resolves what lies in a folder beside this one.
    const { pathname } = new URL(this.#folder + path, 'http://given/');
    const blob = this.#given.get(decodeURIComponent(pathname.slice(1)));
    if (blob) return new Uint8Array(await blob.arrayBuffer());
    const beside = path.startsWith('../')
      ? ` Give the folder above it, with ${path.slice(3)} in it.`
      : '';
    throw new LimbeckError(`${path} is missing.`, `Give the prior's whole folder.${beside}`);
  }
}
