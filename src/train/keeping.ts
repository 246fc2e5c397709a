import type { RunId, StoredId } from '../protocol/messages';
import type { Settings } from '../settings';

/** A run as it was stored. */
export interface KeptRun {
  readonly settings: Settings;
  /** Undefined for a run that had not taken a step. */
  readonly checkpoint: Uint8Array | undefined;
}

/** Where a session's runs outlive it: the browser's storage. What it cannot store it tells, and the run goes on. */
export interface RunKeeper<R> {
  /** Opens a stored run for this session alone. @throws LimbeckError when another has it, or it cannot be read. */
  claim(stored: StoredId): Promise<KeptRun>;
  /** Gives back what was claimed for a run that could not be made. */
  leave(stored: StoredId): void;
  /** Copies a stored run, and names the copy. @throws LimbeckError when it cannot be read. */
  fork(stored: StoredId): Promise<StoredId>;
  /** A run joins the session, under the name that was claimed or chosen for it; under a new one unless given. */
  begin(id: RunId, run: R, stored?: StoredId): Promise<void>;
  /** Stores a run's newest state; `problem` says why it stopped, and is empty for one that is well. */
  keep(id: RunId, run: R, checkpoint: Uint8Array, problem: string): Promise<void>;
  /** A run leaves the session: what is stored of it stays. */
  end(id: RunId): Promise<void>;
}

/** A run is kept after every such share of its steps, */
const share = 0.1;
/** and after so many milliseconds, */
const longest = 30_000;
/** unless keeping it took more of the time than this share. */
const costShare = 0.05;

/** Says when a run's state is to be kept: after the first step, then by time and by share. */
export class CheckpointClock {
  readonly #every: number;
  #step = 0;
  #notBefore = 0;
  #notAfter = Number.NEGATIVE_INFINITY;

  constructor(steps: number) {
    this.#every = Math.ceil(steps * share);
  }

  /** Whether the state after so many steps is kept already; that before the first step need not be. */
  isKept(step: number): boolean {
    return step === this.#step;
  }

  /** Whether it is time, at `now` in milliseconds. */
  isDue(step: number, now: number): boolean {
    if (now < this.#notBefore) return false;
    return step % this.#every === 0 || now > this.#notAfter;
  }

  /** The state after so many steps was kept, from one time to another. */
  note(step: number, started: number, ended: number): void {
    this.#step = step;
    this.#notBefore = ended + (ended - started) / costShare;
    this.#notAfter = Math.max(ended + longest, this.#notBefore);
  }
}
