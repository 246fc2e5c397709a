import { inWords, LimbeckError } from '../../errors';
import type { StoredId, StoredRun } from '../../protocol/messages';
import { isStoredId } from '../../protocol/stored_id';
import { makeSettings, migrated, type Settings } from '../../settings';

/** What is written beside a run's checkpoint. */
export interface RunRecord {
  readonly settings: Settings;
  readonly step: number;
  /** Why it stopped; empty for a run that is well. */
  readonly problem: string;
  /** Whether its session let it go: otherwise it was interrupted. */
  readonly left: boolean;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly changed: number;
}

const names = {
  record: 'run.json',
  checkpoint: 'checkpoint.safetensors',
  picture: 'picture.png',
} as const;

/**
 * Runs in the browser's own storage (OPFS), a folder each. A file is replaced as a whole, or stays as it was: what
 * is interrupted while it is written leaves the file before it.
 */
export class Shelf {
  readonly #root: FileSystemDirectoryHandle;

  private constructor(root: FileSystemDirectoryHandle) {
    this.#root = root;
  }

  /** @throws where the browser has no such storage, as in some private windows. */
  static async open(): Promise<Shelf> {
    const root = await navigator.storage.getDirectory();
    return new Shelf(await root.getDirectoryHandle('runs', { create: true }));
  }

  /** All runs, newest first. @param isOpen whether a run is being worked on. */
  async list(isOpen: (id: StoredId) => boolean): Promise<StoredRun[]> {
    const runs: StoredRun[] = [];
    for await (const id of this.#root.keys()) {
      if (isStoredId(id)) runs.push(await this.#describe(id, isOpen(id)));
    }
    return runs.sort((a, b) => b.changed - a.changed || (a.id < b.id ? 1 : -1));
  }

  /** @throws LimbeckError when there is no such run, or its record cannot be read. */
  async record(id: StoredId): Promise<RunRecord> {
    const file = await this.#file(id, names.record);
    if (!file) throw new LimbeckError('The run is no longer stored here.', 'Choose another.');
    try {
      const { settings, step, problem, left, created, changed } = JSON.parse(await file.text());
      return {
        settings: makeSettings(migrated(settings)),
        step: Number(step),
        problem: String(problem),
        left: left === true,
        created: Number(created),
        changed: Number(changed),
      };
    } catch (cause) {
      throw new LimbeckError(
        `The stored run cannot be read: ${inWords(cause, '')}`.trim(),
        'Delete it, or open it with the version of the page that made it.',
        { cause },
      );
    }
  }

  /** The newest checkpoint of a run; undefined before there is one. */
  async checkpoint(id: StoredId): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const file = await this.#file(id, names.checkpoint);
    return file && new Uint8Array(await file.arrayBuffer());
  }

  /** Writes the record last: it tells of a checkpoint that is there. @throws DOMException when there is no room. */
  async write(
    id: StoredId,
    record: RunRecord,
    { checkpoint, picture }: { readonly checkpoint?: Uint8Array; readonly picture?: Uint8Array },
  ): Promise<void> {
    const folder = await this.#root.getDirectoryHandle(id, { create: true });
    if (checkpoint) await put(folder, names.checkpoint, checkpoint);
    if (picture) await put(folder, names.picture, picture);
    await put(folder, names.record, new TextEncoder().encode(JSON.stringify(record)));
  }

  /** Copies a run, which may be written to meanwhile, to another name. @throws LimbeckError when it cannot be read. */
  async copy(from: StoredId, to: StoredId): Promise<void> {
    const record = await this.record(from);
    const [checkpoint, picture] = await Promise.all([
      this.checkpoint(from),
      this.#file(from, names.picture),
    ]);
    const bytes = picture && new Uint8Array(await picture.arrayBuffer());
    const now = Date.now();
    await this.write(
      to,
      { ...record, problem: '', left: true, created: now, changed: now },
      { ...(checkpoint && { checkpoint }), ...(bytes && { picture: bytes }) },
    );
  }

  async delete(id: StoredId): Promise<void> {
    await this.#root.removeEntry(id, { recursive: true }).catch((error: DOMException) => {
      if (error.name !== 'NotFoundError') throw error;
    });
  }

  async #describe(id: StoredId, open: boolean): Promise<StoredRun> {
    const files = await Promise.all(Object.values(names).map((name) => this.#file(id, name)));
    const bytes = files.reduce((sum, file) => sum + (file?.size ?? 0), 0);
    const image = await this.#file(id, names.picture);
    const picture = new Uint8Array(image ? await image.arrayBuffer() : new ArrayBuffer(0));
    const common = { id, bytes, picture, open };
    try {
      const { left, ...record } = await this.record(id);
      const isWell = !record.problem && record.step < record.settings.steps;
      return { ...common, ...record, interrupted: isWell && !left && !open };
    } catch (error) {
      const changed = Math.max(0, ...files.map((file) => file?.lastModified ?? 0));
      const problem = inWords(error);
      const unknown = { settings: undefined, step: 0, interrupted: false };
      return { ...common, ...unknown, problem, created: changed, changed };
    }
  }

  async #file(id: StoredId, name: string): Promise<File | undefined> {
    if (!isStoredId(id)) return undefined;
    try {
      const folder = await this.#root.getDirectoryHandle(id);
      return await (await folder.getFileHandle(name)).getFile();
    } catch (error) {
      if ((error as DOMException).name === 'NotFoundError') return undefined;
      throw error;
    }
  }
}

/** Replaces a file when all of it is written. */
async function put(folder: FileSystemDirectoryHandle, name: string, bytes: Uint8Array) {
  const handle = await folder.getFileHandle(name, { create: true });
  const writable = await handle.createWritable();
  try {
    await writable.write(bytes as Uint8Array<ArrayBuffer>);
    await writable.close();
  } catch (error) {
    await writable.abort().catch(() => {});
    throw error;
  }
}
