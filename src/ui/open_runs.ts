import type { RunId, StoredId, StoredRequest } from '../protocol/messages';

const key = 'limbeck.open';

interface Written {
  readonly runs: readonly StoredRequest[];
  readonly paused: boolean;
}

/** Which stored runs the panes of this tab show. The tab remembers them while it is loaded anew. */
export class OpenRuns {
  readonly #stored = new Map<RunId, StoredId>();
  readonly #storage: Pick<Storage, 'getItem' | 'setItem'>;
  #paused = false;

  constructor(storage: Pick<Storage, 'getItem' | 'setItem'>) {
    this.#storage = storage;
  }

  /** What was open in this tab when it was left, in another life of the page. */
  get before(): Written {
    try {
      const { runs, paused } = JSON.parse(this.#storage.getItem(key) ?? '') as Written;
      const isRequest = ({ run, stored }: StoredRequest) =>
        typeof run === 'string' && typeof stored === 'string';
      return { runs: runs.filter(isRequest), paused: paused === true };
    } catch {
      return { runs: [], paused: false };
    }
  }

  get requests(): StoredRequest[] {
    return [...this.#stored].map(([run, stored]) => ({ run, stored }));
  }

  set paused(paused: boolean) {
    this.#paused = paused;
    this.#write();
  }

  /** A run is stored. */
  note(run: RunId, stored: StoredId): void {
    this.#stored.set(run, stored);
    this.#write();
  }

  /** A run is no longer shown. */
  forget(run: RunId): void {
    this.#stored.delete(run);
    this.#write();
  }

  #write(): void {
    try {
      this.#storage.setItem(key, JSON.stringify({ runs: this.requests, paused: this.#paused }));
    } catch {
      // Without it the gallery still has the runs.
    }
  }
}
