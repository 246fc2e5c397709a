import type { Command, RunId } from '../protocol/messages';
import type { Settings } from '../settings';
import { type Choices, draftOf } from './choices';
import { find } from './dom';
import { Pane } from './pane';
import { runIdAt } from './run_ids';
import { runNames } from './run_names';
import type { ViewBar } from './view_bar';

type Send = (command: Command, transfer?: Transferable[]) => void;

export interface PanesListeners {
  /** A run is to be looked into. */
  readonly look: (run: RunId) => void;
  /** What a run has made is to be taken home. */
  readonly take: (run: RunId) => void;
}

/** The panes of the page: one for each run, or, while there is none, for each that may be started. */
export class Panes {
  readonly #place: HTMLElement;
  readonly #view: ViewBar;
  readonly #send: Send;
  readonly #listeners: PanesListeners;
  /** Those that were ever needed: an engine is given a canvas once. */
  readonly #panes = new Map<RunId, Pane>();

  constructor(root: ParentNode, view: ViewBar, send: Send, listeners: PanesListeners) {
    this.#place = find(root, '#panes');
    this.#view = view;
    this.#send = send;
    this.#listeners = listeners;
  }

  get(run: RunId): Pane | undefined {
    return this.#panes.get(run);
  }

  [Symbol.iterator](): Iterator<Pane> {
    return this.#panes.values();
  }

  /** The pane of a run, made where there was none. */
  of(run: RunId): Pane {
    const known = this.#panes.get(run);
    if (known) return known;
    const made = new Pane(run, {
      send: this.#send,
      orbit: (move) => this.#send({ type: 'orbit', runs: this.#view.movedWith(run), move }),
      look: () => this.#listeners.look(run),
      take: () => this.#listeners.take(run),
    });
    this.#panes.set(run, made);
    this.#place.append(made.element);
    made.attach();
    return made;
  }

  /** Gives an engine canvases in place of those that the one before it had. */
  attachAnew(): void {
    for (const pane of this.#panes.values()) pane.attachAnew();
  }

  /** Shows `runs`, or what the choices would start. */
  show(runs: ReadonlyMap<RunId, Settings>, choices: Choices): void {
    const chosen = choices.runs.map((run, i) => [runIdAt(i), draftOf(choices, run)] as const);
    const shown = new Map(runs.size > 0 ? runs : chosen);
    const names = runNames([...shown.values()]);
    [...shown].forEach(([run, settings], i) => {
      this.of(run).describe(names[i]!, settings);
    });
    for (const [run, pane] of this.#panes) pane.visible = shown.has(run);
    const fields = [...shown.values()].some(({ generator }) => generator === 'field');
    this.#view.show([...shown.keys()], fields);
  }
}
