import type { RunId, RunRequest, StoredId, StoredRequest } from '../protocol/messages';
import type { SettingsChange, StepReport, Watch } from '../protocol/reports';
import type { Settings } from '../settings';
import type { RunKeeper } from './keeping';
import type { SampleSource } from './sampling';
import type { Saveable } from './saving';

/** What a session asks of a run: `Run` is one. */
export interface SessionRun extends Saveable {
  readonly step: number;
  readonly finished: boolean;
  readonly changes: readonly SettingsChange[];
  /** What its prior is shown: what of that wish could not be met, in sentences. */
  readonly exemplar?: { readonly notes: readonly string[] };
  adjust(path: string, value: unknown): void;
  takeStep(watch?: Watch): Promise<StepReport>;
  restore(bytes: Uint8Array): void;
  dispose(): void;
}

/** What a session asks of an engine: `Engine` is one. */
export interface RunSource<R extends SessionRun> extends SampleSource {
  /**
   * @param from the checkpoint that the run is to go on from.
   * @param changes of settings, at later steps.
   */
  createRun(settings: Settings, from?: Uint8Array, changes?: readonly SettingsChange[]): Promise<R>;
}

/** A run that joins the session, and the name that the storage keeps it under. */
export interface Made<R> {
  readonly run: R;
  readonly stored?: StoredId;
}

/** Why a run could not be made. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly run: RunId;

  constructor(run: RunId, cause: unknown) {
    super(`Run ${run} could not be made.`, { cause });
    this.run = run;
  }
}

interface RunMakerOptions<R extends SessionRun> {
  readonly source: RunSource<R>;
  /** Settings that a checkpoint was saved with. @throws when the bytes are not a checkpoint. */
  readonly settingsOf: (checkpoint: Uint8Array) => Settings;
  /** Where runs outlive the session; without one they don't. */
  readonly keeper?: RunKeeper<R>;
}

/** Makes the runs that are to stand side by side: anew, from a file, or as the storage keeps them. All or none. */
export class RunMaker<R extends SessionRun> {
  readonly made = new Map<RunId, Made<R>>();
  readonly #options: RunMakerOptions<R>;

  constructor(options: RunMakerOptions<R>) {
    this.#options = options;
  }

  /** @throws StartError for the first that cannot be made. */
  async start(requests: readonly RunRequest[]): Promise<void> {
    for (const { run: id, settings, changes, stored } of requests) {
      try {
        const run = await this.#options.source.createRun(settings, undefined, changes);
        this.made.set(id, { run, ...(stored && { stored }) });
      } catch (error) {
        throw new StartError(id, error);
      }
    }
  }

  /** @throws what a checkpoint that does not fit throws. */
  async load(id: RunId, bytes: Uint8Array): Promise<void> {
    const { source, settingsOf } = this.#options;
    const run = await source.createRun(settingsOf(bytes), bytes);
    this.made.set(id, { run });
    run.restore(bytes);
  }

  /** @throws StartError for the first that cannot be opened. */
  async reopen(requests: readonly StoredRequest[]): Promise<void> {
    for (const request of requests) {
      try {
        await this.#reopen(request);
      } catch (error) {
        throw new StartError(request.run, error);
      }
    }
  }

  /** Frees what was made, and gives back what was claimed for it. */
  dispose(): void {
    for (const { run, stored } of this.made.values()) {
      run.dispose();
      if (stored) this.#options.keeper?.leave(stored);
    }
    this.made.clear();
  }

  async #reopen({ run: id, stored: from, fork }: StoredRequest): Promise<void> {
    const { keeper, source } = this.#options;
    if (!keeper) throw new Error('Nothing is stored here.');
    const stored = fork ? await keeper.fork(from) : from;
    const { settings, checkpoint } = await keeper.claim(stored);
    try {
      const run = await source.createRun(settings, checkpoint);
      this.made.set(id, { run, stored });
      if (checkpoint) run.restore(checkpoint);
    } catch (error) {
      if (!this.made.has(id)) keeper.leave(stored);
      throw error;
    }
  }
}
