import { inWords } from '../errors';
import type { PngEncoder } from '../image/png';
import type {
  RunId,
  RunRequest,
  RunState,
  SampleRequest,
  SavedKind,
  SessionReport,
  SessionState,
} from '../protocol/messages';
import type { StepReport, Watch } from '../protocol/reports';
import type { Settings } from '../settings';
import { noteOn, type SampleSource, Sampling } from './sampling';
import { filesOf, type Saveable } from './saving';

/** What a session asks of a run: `Run` is one. */
export interface SessionRun extends Saveable {
  readonly step: number;
  readonly finished: boolean;
  takeStep(watch?: Watch): Promise<StepReport>;
  restore(bytes: Uint8Array): void;
  dispose(): void;
}

/** What a session asks of an engine: `Engine` is one. */
export interface RunSource<R extends SessionRun> extends SampleSource {
  /** @param from the checkpoint that the run is to go on from. */
  createRun(settings: Settings, from?: Uint8Array): Promise<R>;
}

export interface SessionOptions<R extends SessionRun> {
  readonly source: RunSource<R>;
  readonly report: (report: SessionReport) => void;
  /** Settings that a checkpoint was saved with. @throws when the bytes are not a checkpoint. */
  readonly settingsOf: (checkpoint: Uint8Array) => Settings;
  /** For the textures of meshes. */
  readonly encodePng: PngEncoder;
  /** Lets messages and timers in; awaited between steps. */
  readonly breathe: () => Promise<void>;
}

interface Member<R> {
  readonly run: R;
  state: RunState;
  /** The newest state that is known to be good, when the run itself can no longer be asked. */
  saved: Uint8Array | undefined;
}

/** Why a run could not be made. */
class StartError extends Error {
  override readonly name = 'StartError';
  readonly run: RunId;

  constructor(run: RunId, cause: unknown) {
    super(`Run ${run} could not be made.`, { cause });
    this.run = run;
  }
}

/** A run keeps a checkpoint after every such share of its steps. */
const checkpointShare = 0.1;

/**
 * Several runs that share one engine. The run that has taken the fewest steps takes the next one, so
 * that runs stay side by side; all of them wait while a sample is drawn, which is a matter of seconds.
 * Commands are carried out in order, between steps; each resolves when done and reports its failure
 * instead of throwing.
 */
export class Session<R extends SessionRun> {
  readonly #options: SessionOptions<R>;
  readonly #members = new Map<RunId, Member<R>>();
  /** At every how many of its steps a run is watched. */
  readonly #watched = new Map<RunId, number>();
  readonly #tasks: (() => Promise<void>)[] = [];
  #state: SessionState = 'idle';
  #working = false;
  #sampling: Sampling | undefined;

  constructor(options: SessionOptions<R>) {
    this.#options = options;
  }

  get state(): SessionState {
    return this.#state;
  }

  /** The run of that name, if there is one. */
  run(id: RunId): R | undefined {
    return this.#members.get(id)?.run;
  }

  /** Starts these runs in place of those there are, which stay when one of these cannot be made. */
  start(requests: readonly RunRequest[]): Promise<void> {
    return this.#replace(async (made) => {
      for (const { run, settings } of requests) {
        try {
          made.set(run, await this.#options.source.createRun(settings));
        } catch (error) {
          throw new StartError(run, error);
        }
      }
    });
  }

  /** Goes on with a checkpoint's run in place of those there are, which stay when it cannot be. */
  load(id: RunId, bytes: Uint8Array): Promise<void> {
    return this.#replace(async (made) => {
      const run = await this.#options.source.createRun(this.#options.settingsOf(bytes), bytes);
      made.set(id, run);
      run.restore(bytes);
    });
  }

  /** Reports what a run of that name sees at every so many of its steps, those of later starts too; 0 for at none. */
  watch(id: RunId, every: number): void {
    this.#watched.set(id, every);
  }

  /** Takes no further steps until `resume`; the step that is being taken ends. */
  pause(): Promise<void> {
    return this.#enqueue(async () => {
      if (this.#state === 'training') this.#become('paused');
    });
  }

  resume(): Promise<void> {
    return this.#enqueue(async () => {
      if (this.#state === 'paused') this.#become('training');
    });
  }

  /** Ends all runs and frees what they hold. */
  reset(): Promise<void> {
    return this.#enqueue(async () => {
      this.#clear();
      this.#become('idle');
    });
  }

  /** Begins to draw the prior's own views, whatever the runs do; ends what was being drawn. Null only ends it. */
  sample(request: SampleRequest | null): Promise<void> {
    return this.#enqueue(async () => {
      await this.#sampling?.stop();
      this.#sampling = request ? new Sampling(this.#options.source, request) : undefined;
    });
  }

  /** Reports a run's mesh or its checkpoint as files; of a run that failed, its last good checkpoint. */
  save(id: RunId, kind: SavedKind): Promise<void> {
    return this.#enqueue(async () => {
      const member = this.#members.get(id);
      if (!member) return;
      try {
        const files = await filesOf(member, kind, this.#options.encodePng);
        this.#options.report({ type: 'saved', run: id, kind, files });
      } catch (error) {
        const message = inWords(error);
        this.#options.report({ type: 'error', run: id, message, saving: kind });
      }
    });
  }

  /** Makes runs, then ends those there are: what cannot be made costs nobody what they have. */
  #replace(make: (made: Map<RunId, R>) => Promise<void>): Promise<void> {
    return this.#enqueue(async () => {
      const before = this.#state;
      this.#become('preparing');
      const made = new Map<RunId, R>();
      try {
        await make(made);
      } catch (error) {
        for (const run of made.values()) run.dispose();
        this.#become(before);
        this.#refuse(error);
        return;
      }
      this.#clear();
      for (const [id, run] of made) this.#add(id, run);
      this.#note([...made.values()].map(({ settings }) => settings.prompt));
      this.#become(this.#isTraining() ? 'training' : 'finished');
    });
  }

  /** Says which run could not be made, and what became of the others. */
  #refuse(error: unknown): void {
    const [run, cause] = error instanceof StartError ? [error.run, error.cause] : [null, error];
    const kept = this.#members.size > 0 ? ' What there was is kept; a reset frees its memory.' : '';
    const message = inWords(cause) + kept;
    this.#options.report({ type: 'error', run, message, starting: true });
  }

  /** Says once what of the prompts is lost. */
  #note(prompts: readonly string[]): void {
    for (const prompt of new Set(prompts)) {
      const note = noteOn(this.#options.source, prompt);
      if (note) this.#options.report(note);
    }
  }

  #add(id: RunId, run: R): void {
    const member: Member<R> = { run, state: 'training', saved: undefined };
    this.#members.set(id, member);
    this.#enter(id, member, run.finished ? 'finished' : 'training');
  }

  /** Whoever shows a run hears of its end before its buffers are gone. */
  #clear(): void {
    for (const [id, member] of [...this.#members]) {
      this.#members.delete(id);
      this.#enter(id, member, 'ended');
      member.run.dispose();
    }
  }

  #become(state: SessionState): void {
    this.#state = state;
    this.#options.report({ type: 'session', state });
  }

  #enter(id: RunId, member: Member<R>, state: RunState): void {
    const { settings, step } = member.run;
    member.state = state;
    this.#options.report({ type: 'run', run: id, state, settings, step });
  }

  #enqueue(task: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#tasks.push(() => task().then(resolve, reject));
      if (!this.#working) void this.#work();
    });
  }

  /** Carries out commands and, between them, steps, until there is neither. */
  async #work(): Promise<void> {
    this.#working = true;
    for (;;) {
      const task = this.#tasks.shift();
      if (task) await task();
      else if (this.#sampling) await this.#takeSample(this.#sampling);
      else if (this.#state === 'training') await this.#step();
      else break;
      await this.#options.breathe();
    }
    this.#working = false;
  }

  async #takeSample(sampling: Sampling): Promise<void> {
    try {
      const report = await sampling.takeStep();
      if (report) this.#options.report(report);
      else this.#sampling = undefined;
    } catch (error) {
      this.#sampling = undefined;
      const message = inWords(error);
      this.#options.report({ type: 'error', run: null, message, sampling: true });
    }
  }

  async #step(): Promise<void> {
    const next = [...this.#members]
      .filter(([, { state }]) => state === 'training')
      .reduce<[RunId, Member<R>] | undefined>(
        (least, entry) => (least && least[1].run.step <= entry[1].run.step ? least : entry),
        undefined,
      );
    if (!next) return;
    const [id, member] = next;
    const { run } = member;
    try {
      const watchEvery = this.#watched.get(id) ?? 0;
      const isWatched = watchEvery > 0 && run.step % watchEvery === 0;
      const watch: Watch = (watched) => this.#options.report({ type: 'watched', run: id, watched });
      const report = await run.takeStep(isWatched ? watch : undefined);
      this.#options.report({ type: 'step', run: id, report });
      const every = Math.ceil(run.settings.steps * checkpointShare);
      if (run.step % every === 0) member.saved = await run.checkpoint();
      if (run.finished) this.#enter(id, member, 'finished');
    } catch (error) {
      this.#enter(id, member, 'failed');
      this.#options.report({ type: 'error', run: id, message: inWords(error) });
    }
    if (!this.#isTraining()) this.#become('finished');
  }

  #isTraining(): boolean {
    return [...this.#members.values()].some(({ state }) => state === 'training');
  }
}
