import type { Command, Report, RunId, SessionState, StoredRequest } from '../protocol/messages';
import { mostRuns } from './choices';
import type { Notices } from './notices';
import { OpenRuns } from './open_runs';
import { runIdAt } from './run_ids';
import type { SessionProgress } from './session_progress';
import { interruptedTogether } from './stored_words';

interface RecoveryParts {
  readonly send: (command: Command) => void;
  readonly notices: Notices;
  readonly session: SessionProgress;
}

/** Runs outlive the page, its engine and its device: what was open goes on, and what was interrupted is offered. */
export class Recovery {
  readonly #parts: RecoveryParts;
  readonly #open = new OpenRuns(sessionStorage);
  /** Runs that go on where they were: the choices are those that the page has. */
  #resumed = new Set<RunId>();

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
  }

  hear(report: Report): void {
    if (report.type === 'session') this.#open.paused = report.state === 'paused';
    if (report.type === 'kept') this.#open.note(report.run, report.stored);
    if (report.type === 'run' && report.state === 'ended') this.#open.forget(report.run);
  }

  /** Whether a run that begins goes on where it was. It is asked once. */
  isResumed(run: RunId): boolean {
    return this.#resumed.delete(run);
  }

  /** A page that was loaded anew goes on with what it had. */
  goOn(): void {
    const { runs, paused } = this.#open.before;
    if (runs.length > 0) this.#resume(runs, paused);
    this.#parts.send({ type: 'list' });
  }

  /**
   * Another engine is there, and knows nothing yet.
   * @param before what the session was doing.
   * @param startAgain starts what was being started; undefined where there is no such thing.
   */
  restart(message: string, before: SessionState, startAgain: (() => void) | undefined): void {
    const runs = this.#open.requests;
    let rest = 'Another engine takes its place.';
    if (before === 'preparing' && startAgain) {
      startAgain();
      rest = 'The runs are started again.';
    } else if (runs.length > 0) {
      this.#resume(runs, before === 'paused');
      rest = 'The runs go on from their last checkpoint.';
    }
    this.#parts.notices.say({ message: `${message} ${rest}`, wrong: false });
  }

  /** Offers to go on with what was interrupted, while nothing else is going on. */
  offer({ runs }: Extract<Report, { type: 'shelf' }>): void {
    const { send, notices, session } = this.#parts;
    const found = interruptedTogether(runs, mostRuns);
    const [first] = found;
    if (!first?.settings || session.state !== 'idle') return;
    const { prompt } = first.settings;
    const more = found.length > 1 ? ` and ${found.length - 1} more beside it` : '';
    const requests = found.map(({ id }, i) => ({ run: runIdAt(i), stored: id }));
    notices.say({
      message: `“${prompt}”${more} stopped at step ${first.step} when the page was closed.`,
      wrong: false,
      action: {
        label: 'Go on',
        act: () => send({ type: 'reopen', runs: requests, paused: false }),
      },
    });
  }

  #resume(runs: readonly StoredRequest[], paused: boolean): void {
    this.#resumed = new Set(runs.map(({ run }) => run));
    this.#parts.send({ type: 'reopen', runs, paused });
    this.#parts.session.expect();
  }
}
