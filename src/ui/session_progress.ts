import type { Report, RunId, SessionState } from '../protocol/messages';
import type { Settings } from '../settings';
import { clock, Remaining } from './remaining';

/** What the bar and the line under it say. */
export interface ProgressWords {
  /** Of the work, in [0, 1]; undefined while it cannot be told. */
  readonly share: number | undefined;
  readonly what: string;
  readonly left: string;
}

interface Taken {
  readonly settings: Settings;
  /** Steps. */
  readonly taken: number;
}

/** How far the work has come, from what the engine reported. */
export class SessionProgress {
  readonly #remaining = new Remaining();
  readonly #runs = new Map<RunId, Taken>();
  readonly #downloads = new Map<string, { readonly received: number; readonly total: number }>();
  #state: SessionState = 'idle';
  #ready = false;
  /** Whether runs wait for a sample to be drawn. */
  #isWaiting = false;

  get state(): SessionState {
    return this.#state;
  }

  /** Runs that there are, with their settings. */
  get runs(): ReadonlyMap<RunId, Settings> {
    return new Map([...this.#runs].map(([run, { settings }]) => [run, settings]));
  }

  /** The page asked for runs: what the engine will say once it comes to it. */
  expect(): void {
    this.#state = 'preparing';
  }

  /** Takes a report in; `now` in seconds. */
  hear(report: Report, now: number): void {
    switch (report.type) {
      case 'download':
        this.#downloads.set(report.file, report);
        break;
      case 'ready':
        this.#ready = true;
        break;
      case 'restarting':
        this.#ready = false;
        this.#isWaiting = false;
        this.#runs.clear();
        this.#remaining.clear();
        break;
      case 'session':
        this.#state = report.state;
        this.#isWaiting = false;
        this.#remaining.clear();
        break;
      case 'run':
        if (report.state === 'ended') this.#runs.delete(report.run);
        else this.#runs.set(report.run, { taken: report.step, settings: report.settings });
        break;
      case 'sample':
        this.#isWaiting = report.step < report.steps;
        this.#remaining.clear();
        break;
      case 'step': {
        this.#isWaiting = false;
        const run = this.#runs.get(report.run);
        if (run) this.#runs.set(report.run, { ...run, taken: report.report.step + 1 });
        this.#remaining.note(
          now,
          this.#total(({ taken }) => taken),
        );
        break;
      }
    }
  }

  get words(): ProgressWords {
    if (!this.#ready) return this.#loading();
    if (this.#state === 'preparing') {
      return waiting('Reading the prompt and making room for the runs…');
    }
    const [first, ...others] = this.#runs.values();
    if (!first) return { share: 0, what: 'Ready.', left: '' };
    const all = this.#total(({ settings }) => settings.steps);
    const least = others.reduce((a, b) => (b.taken < a.taken ? b : a), first);
    return {
      share: this.#total(({ taken }) => taken) / all,
      what: `Step ${least.taken} of ${least.settings.steps}`,
      left: this.#left(all),
    };
  }

  #left(all: number): string {
    if (this.#state === 'paused') return 'paused';
    if (this.#state === 'finished') {
      return this.#total(({ taken }) => taken) === all ? 'done' : 'stopped';
    }
    if (this.#isWaiting) return 'waits for the sample';
    const seconds = this.#remaining.seconds(all);
    return seconds === undefined ? '' : `${clock(seconds)} left`;
  }

  #loading(): ProgressWords {
    const files = [...this.#downloads.values()];
    const received = files.reduce((sum, file) => sum + file.received, 0);
    const total = files.reduce((sum, file) => sum + Math.max(file.received, file.total), 0);
    if (total === 0) return waiting('Opening the engine…');
    if (received === total) return waiting('Preparing the model…');
    const mega = (bytes: number) => (bytes / 1e6).toFixed(1);
    const what = `Downloading the model: ${mega(received)} of ${mega(total)} MB`;
    return { share: received / total, what, left: '' };
  }

  #total(of: (run: Taken) => number): number {
    return [...this.#runs.values()].reduce((sum, steps) => sum + of(steps), 0);
  }
}

const waiting = (what: string): ProgressWords => ({ share: undefined, what, left: '' });
