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
  StoredRequest,
} from '../protocol/messages';
import type { Watch } from '../protocol/reports';
import type { Settings } from '../settings';
import { CheckpointClock, type RunKeeper } from './keeping';
import { type Made, RunMaker, type RunSource, type SessionRun, StartError } from './run_maker';
import { noteOn, Sampling } from './sampling';
import { filesOf } from './saving';

export type { RunSource, SessionRun } from './run_maker';

export interface SessionOptions<R extends SessionRun> {
  readonly source: RunSource<R>;
  readonly report: (report: SessionReport) => void;
  /** Settings that a checkpoint was saved with. @throws when the bytes are not a checkpoint. */
  readonly settingsOf: (checkpoint: Uint8Array) => Settings;
  /** For the textures of meshes. */
  readonly encodePng: PngEncoder;
  /** Where runs outlive the session; without one they don't. */
  readonly keeper?: RunKeeper<R>;
  /** Lets messages and timers in; awaited between steps. */
  readonly breathe: () => Promise<void>;
}

interface Member<R> {
  readonly run: R;
  state: RunState;
  /** The newest state that is known to be good, when the run itself can no longer be asked. */
  saved: Uint8Array | undefined;
  readonly clock: CheckpointClock;
}

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
    return this.#replace((maker) => maker.start(requests));
  }

  /** Goes on with a checkpoint's run in place of those there are, which stay when it cannot be. */
  load(id: RunId, bytes: Uint8Array): Promise<void> {
    return this.#replace((maker) => maker.load(id, bytes));
  }

  /**
   * Goes on with stored runs in place of those there are, which stay when one of these cannot be opened.
   * @param paused whether they wait for `resume`.
   */
  reopen(requests: readonly StoredRequest[], paused: boolean): Promise<void> {
    return this.#replace((maker) => maker.reopen(requests), paused);
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

  /** Changes a setting of a run from its next step on. */
  adjust(id: RunId, path: string, value: unknown): Promise<void> {
    return this.#enqueue(async () => {
      const member = this.#members.get(id);
      if (!member) return;
      try {
        member.run.adjust(path, value);
      } catch (error) {
        this.#options.report({ type: 'error', run: id, message: inWords(error) });
      }
      this.#enter(id, member, member.state);
    });
  }

  /** Takes one step of each run, while the session is paused. */
  step(): Promise<void> {
    return this.#enqueue(async () => {
      if (this.#state !== 'paused') return;
      for (const [id, member] of this.#members) {
        if (member.state === 'training') await this.#takeStep(id, member);
      }
      if (!this.#isTraining()) this.#become('finished');
    });
  }

  /** Stores the newest state of all runs. */
  keep(): Promise<void> {
    return this.#enqueue(async () => {
      for (const [id, member] of this.#members) await this.#keep(id, member);
    });
  }

  /** Ends all runs and frees what they hold. */
  reset(): Promise<void> {
    return this.#enqueue(async () => {
      await this.#clear();
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

  /**
   * Carries something out with a run, between its steps; nothing where there is no run of that name.
   * @param act throws what `refuse` is told of.
   */
  ask(id: RunId, act: (run: R) => Promise<void>, refuse: (message: string) => void): Promise<void> {
    return this.#enqueue(async () => {
      const run = this.run(id);
      if (!run) return;
      try {
        await act(run);
      } catch (error) {
        refuse(inWords(error));
      }
    });
  }

  /** Makes runs, then ends those there are: what cannot be made costs nobody what they have. */
  #replace(make: (maker: RunMaker<R>) => Promise<void>, paused = false): Promise<void> {
    return this.#enqueue(async () => {
      const before = this.#state;
      this.#become('preparing');
      const maker = new RunMaker(this.#options);
      try {
        await make(maker);
      } catch (error) {
        maker.dispose();
        this.#become(before);
        this.#refuse(error);
        return;
      }
      await this.#clear();
      for (const [id, one] of maker.made) await this.#add(id, one);
      this.#note([...maker.made.values()].map(({ run }) => run));
      this.#become(this.#isTraining() ? (paused ? 'paused' : 'training') : 'finished');
    });
  }

  /** Says which run could not be made, and what became of the others. */
  #refuse(error: unknown): void {
    const [run, cause] = error instanceof StartError ? [error.run, error.cause] : [null, error];
    const kept = this.#members.size > 0 ? ' What there was is kept; a reset frees its memory.' : '';
    const message = inWords(cause) + kept;
    this.#options.report({ type: 'error', run, message, starting: true });
  }

  /** Says once what of the prompts is lost, and what the prior could not be shown. */
  #note(runs: readonly R[]): void {
    for (const prompt of new Set(runs.map(({ settings }) => settings.prompt))) {
      const note = noteOn(this.#options.source, prompt);
      if (note) this.#options.report(note);
    }
    for (const message of new Set(runs.flatMap(({ exemplar }) => exemplar?.notes ?? []))) {
      this.#options.report({ type: 'note', message });
    }
  }

  async #add(id: RunId, { run, stored }: Made<R>): Promise<void> {
    const clock = new CheckpointClock(run.settings.steps);
    const member: Member<R> = { run, state: 'training', saved: undefined, clock };
    this.#members.set(id, member);
    this.#enter(id, member, run.finished ? 'finished' : 'training');
    await this.#options.keeper?.begin(id, run, stored);
    // What came from elsewhere is kept at once; a run at its start is its settings.
    if (run.step > 0 && !stored) await this.#keep(id, member);
  }

  /** Whoever shows a run hears of its end before its buffers are gone. */
  async #clear(): Promise<void> {
    for (const [id, member] of [...this.#members]) {
      await this.#keep(id, member);
      this.#members.delete(id);
      this.#enter(id, member, 'ended');
      member.run.dispose();
      await this.#options.keeper?.end(id);
    }
  }

  /** Stores a run's newest state, unless that is stored or the run has not begun. */
  async #keep(id: RunId, member: Member<R>, problem = ''): Promise<void> {
    const { run, clock } = member;
    if (clock.isKept(run.step) && !problem) return;
    const started = performance.now();
    try {
      member.saved = await run.checkpoint();
    } catch {
      // A run that no longer answers keeps what it had.
      return;
    }
    await this.#options.keeper?.keep(id, run, member.saved, problem);
    clock.note(run.step, started, performance.now());
  }

  #become(state: SessionState): void {
    this.#state = state;
    this.#options.report({ type: 'session', state });
  }

  #enter(id: RunId, member: Member<R>, state: RunState): void {
    const { settings, changes, step } = member.run;
    member.state = state;
    this.#options.report({ type: 'run', run: id, state, settings, changes, step });
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
    await this.#takeStep(...next);
    if (!this.#isTraining()) this.#become('finished');
  }

  async #takeStep(id: RunId, member: Member<R>): Promise<void> {
    const { run, clock } = member;
    try {
      const watchEvery = this.#watched.get(id) ?? 0;
      const isWatched = watchEvery > 0 && run.step % watchEvery === 0;
      const watch: Watch = (watched) => this.#options.report({ type: 'watched', run: id, watched });
      const report = await run.takeStep(isWatched ? watch : undefined);
      this.#options.report({ type: 'step', run: id, report });
      if (run.finished || clock.isDue(run.step, performance.now())) await this.#keep(id, member);
      if (run.finished) this.#enter(id, member, 'finished');
    } catch (error) {
      const message = inWords(error);
      this.#enter(id, member, 'failed');
      this.#options.report({ type: 'error', run: id, message });
      await this.#keep(id, member, message);
    }
  }

  #isTraining(): boolean {
    return [...this.#members.values()].some(({ state }) => state === 'training');
  }
}
