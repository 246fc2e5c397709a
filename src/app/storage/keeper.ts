import { LimbeckError } from '../../errors';
import type { Report, RunId, SavedFile, StoredId } from '../../protocol/messages';
import { newStoredId } from '../../protocol/stored_id';
import type { Settings } from '../../settings';
import type { KeptRun, RunKeeper } from '../../train/keeping';
import { baseName } from '../../train/saving';
import { heldLocks, holdLock } from './locks';
import type { Shelf } from './shelf';

/** What the keeper asks of a run. */
export interface KeptRunSource {
  readonly settings: Settings;
  readonly step: number;
}

export interface KeeperOptions<R> {
  readonly shelf: Shelf;
  readonly post: (report: Report) => void;
  /** A small PNG of what the run has made. */
  readonly picture: (run: R) => Promise<Uint8Array>;
}

interface Place {
  readonly stored: StoredId;
  readonly created: number;
}

const lockName = (stored: StoredId) => `limbeck.run.${stored}`;
const mega = (bytes: number) => `${Math.max(0, bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
const remedy = 'Delete runs that you do not need, under Runs, or save them as files first.';

/** Keeps a session's runs on a shelf: one thread at a time works on a run, and what cannot be stored is told. */
export class Keeper<R extends KeptRunSource> implements RunKeeper<R> {
  readonly #options: KeeperOptions<R>;
  readonly #places = new Map<RunId, Place>();
  readonly #held = new Map<StoredId, () => void>();
  /** Whether it was said that the storage is full, or soon will be. */
  #warned = false;

  constructor(options: KeeperOptions<R>) {
    this.#options = options;
  }

  async claim(stored: StoredId): Promise<KeptRun> {
    if (this.#held.has(stored)) {
      throw new LimbeckError('This run is open already.', 'Look at the panes.');
    }
    await this.#hold(stored);
    try {
      const { shelf } = this.#options;
      const [{ settings }, checkpoint] = await Promise.all([
        shelf.record(stored),
        shelf.checkpoint(stored),
      ]);
      return { settings, checkpoint };
    } catch (error) {
      this.leave(stored);
      throw error;
    }
  }

  leave(stored: StoredId): void {
    this.#held.get(stored)?.();
    this.#held.delete(stored);
  }

  async fork(stored: StoredId): Promise<StoredId> {
    const copy = newStoredId();
    await this.#options.shelf.copy(stored, copy);
    return copy;
  }

  async begin(id: RunId, run: R, stored: StoredId = newStoredId()): Promise<void> {
    const isClaimed = this.#held.has(stored);
    try {
      if (!isClaimed) await this.#hold(stored);
      const created = isClaimed ? (await this.#options.shelf.record(stored)).created : Date.now();
      this.#places.set(id, { stored, created });
      if (!isClaimed) await this.#write(id, run, {}, '');
    } catch (error) {
      this.#tell(error);
    }
    this.#options.post({ type: 'kept', run: id, stored });
  }

  async keep(id: RunId, run: R, checkpoint: Uint8Array, problem: string): Promise<void> {
    const place = this.#places.get(id);
    if (!place) return;
    try {
      const picture = await this.#options.picture(run).catch(() => undefined);
      await this.#write(id, run, { checkpoint, ...(picture && { picture }) }, problem);
      this.#options.post({ type: 'kept', run: id, stored: place.stored });
      await this.#warn(checkpoint.byteLength);
    } catch (error) {
      this.#tell(error);
    }
  }

  async end(id: RunId): Promise<void> {
    const place = this.#places.get(id);
    if (!place) return;
    this.#places.delete(id);
    try {
      const record = await this.#options.shelf.record(place.stored);
      await this.#options.shelf.write(place.stored, { ...record, left: true }, {});
    } catch (error) {
      this.#tell(error);
    }
    this.leave(place.stored);
  }

  /** What the shelf holds, for the page. */
  async list(): Promise<void> {
    const held = await heldLocks();
    const runs = await this.#options.shelf.list((id) => held.has(lockName(id)));
    const { usage: used = 0, quota = 0 } = await navigator.storage.estimate();
    this.#options.post({ type: 'shelf', runs, used, quota });
  }

  /** @throws LimbeckError for a run that is being worked on: the others are deleted. */
  async delete(stored: readonly StoredId[]): Promise<void> {
    const held = await heldLocks();
    const free = stored.filter((id) => !held.has(lockName(id)));
    for (const id of free) await this.#options.shelf.delete(id);
    this.#warned = false;
    if (free.length < stored.length) {
      throw new LimbeckError('A run that is open cannot be deleted.', 'Reset it first.');
    }
  }

  /** A stored run as a file, which any Limbeck opens. @throws LimbeckError before its first checkpoint. */
  async file(stored: StoredId): Promise<SavedFile> {
    const { settings } = await this.#options.shelf.record(stored);
    const bytes = await this.#options.shelf.checkpoint(stored);
    if (!bytes) throw new LimbeckError('This run has not taken a step.', 'Open it and let it run.');
    return { name: `${baseName(settings)}.safetensors`, bytes };
  }

  async #hold(stored: StoredId): Promise<void> {
    const release = await holdLock(lockName(stored));
    if (!release) {
      throw new LimbeckError('This run is open in another tab.', 'Close it there, or fork it.');
    }
    this.#held.set(stored, release);
  }

  async #write(
    id: RunId,
    { settings, step }: R,
    files: { readonly checkpoint?: Uint8Array; readonly picture?: Uint8Array },
    problem: string,
  ): Promise<void> {
    const { stored, created } = this.#places.get(id)!;
    const record = { settings, step, problem, left: false, created, changed: Date.now() };
    await this.#options.shelf.write(stored, record, files);
  }

  /** Says that there is room for few more checkpoints: one is written beside the one before it. */
  async #warn(checkpoint: number): Promise<void> {
    const { usage = 0, quota = Number.POSITIVE_INFINITY } = await navigator.storage.estimate();
    const free = quota - usage;
    if (free > 4 * checkpoint * Math.max(1, this.#places.size)) return;
    this.#say(
      `The browser's storage is almost full: ${mega(free)} are free, and a checkpoint takes ${mega(checkpoint)}.`,
    );
  }

  #tell(error: unknown): void {
    const { name, message } = error as Error;
    this.#say(
      name === 'QuotaExceededError'
        ? "The browser's storage is full: the run goes on, but its newest state is not stored."
        : `The run goes on, but its newest state could not be stored: ${message}`,
    );
  }

  #say(what: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#options.post({ type: 'note', message: `${what} ${remedy}` });
  }
}
