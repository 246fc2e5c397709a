import type { CanvasSize, Command, OrbitMove, RunId } from '../protocol/messages';
import { find } from './dom';
import { listenForOrbits } from './pointer';

/** Pixels of a canvas for each of the page's, and along its longest side, are at most this many. */
const mostRatio = 2;
const mostSide = 1024;

export interface EngineCanvasListeners {
  readonly send: (command: Command, transfer?: Transferable[]) => void;
  /** Whether it shows something that turns. */
  readonly isOn: () => boolean;
  readonly orbit: (move: OrbitMove) => void;
}

/** A canvas of the page that the engine draws. */
export class EngineCanvas {
  readonly #pane: RunId;
  readonly #listeners: EngineCanvasListeners;
  readonly #sizes = new ResizeObserver(() => this.#resize());
  #canvas: HTMLCanvasElement;
  #attached = false;

  /** @param place holds the canvas. @param pane names it to the engine. */
  constructor(place: HTMLElement, pane: RunId, listeners: EngineCanvasListeners) {
    this.#pane = pane;
    this.#listeners = listeners;
    this.#canvas = find<HTMLCanvasElement>(place, 'canvas');
    this.#canvas.setAttribute('role', 'img');
  }

  /** What it shows, for those who do not see it. */
  set label(label: string) {
    this.#canvas.setAttribute('aria-label', label);
  }

  /** Whether keys reach it. */
  set focusable(focusable: boolean) {
    this.#canvas.tabIndex = focusable ? 0 : -1;
  }

  get attached(): boolean {
    return this.#attached;
  }

  /** Hands the canvas to the engine and keeps it informed; it must be in the page. */
  attach(): void {
    this.#attached = true;
    const canvas = this.#canvas.transferControlToOffscreen();
    const { send, isOn, orbit } = this.#listeners;
    send({ type: 'attach', run: this.#pane, canvas, size: this.#size() }, [canvas]);
    this.#sizes.disconnect();
    this.#sizes.observe(this.#canvas);
    listenForOrbits(this.#canvas, { isOn, move: orbit });
  }

  /** The same for another engine: a canvas belongs to the one that it was handed to. */
  attachAnew(): void {
    const canvas = this.#canvas.cloneNode() as HTMLCanvasElement;
    this.#canvas.replaceWith(canvas);
    this.#canvas = canvas;
    this.attach();
  }

  #resize(): void {
    if (this.#canvas.clientWidth === 0) return;
    this.#listeners.send({ type: 'resize', run: this.#pane, size: this.#size() });
  }

  #size(): CanvasSize {
    const { clientWidth, clientHeight } = this.#canvas;
    const longest = Math.max(clientWidth, clientHeight, 1);
    const ratio = Math.min(mostRatio, devicePixelRatio, mostSide / longest);
    const pixels = (length: number) => Math.max(1, Math.round(length * ratio));
    return { width: pixels(clientWidth), height: pixels(clientHeight) };
  }
}
