import type { Report, RunId, RunState } from '../protocol/messages';
import type { SettingsChange } from '../protocol/reports';
import type { Settings } from '../settings';
import type { History } from './history';
import type { Panes } from './panes';
import { type RunName, runNames } from './run_names';
import type { SessionProgress } from './session_progress';

/** A run of the session as the page knows it. */
export interface ShownRun {
  readonly run: RunId;
  readonly name: RunName;
  readonly settings: Settings;
  /** What was changed of them while it ran. */
  readonly changes: readonly SettingsChange[];
  readonly state: RunState;
  /** Steps taken. */
  readonly step: number;
  readonly history: History;
}

/** The runs of the session with all that the page knows of them. */
export class ShownRuns {
  readonly #session: SessionProgress;
  readonly #panes: Panes;
  readonly #changes = new Map<RunId, readonly SettingsChange[]>();

  constructor(session: SessionProgress, panes: Panes) {
    this.#session = session;
    this.#panes = panes;
  }

  note({ run, changes }: Extract<Report, { type: 'run' }>): void {
    this.#changes.set(run, changes);
  }

  get(run: RunId): ShownRun | undefined {
    return this.all().find((shown) => shown.run === run);
  }

  all(): ShownRun[] {
    const { runs } = this.#session;
    const names = runNames([...runs.values()]);
    return [...runs].flatMap(([run, settings], i) => {
      const pane = this.#panes.get(run);
      if (!pane) return [];
      const { history, steps: step, state } = pane;
      const changes = this.#changes.get(run) ?? [];
      return [{ run, name: names[i]!, settings, changes, state, step, history }];
    });
  }
}
