import type {
  CanvasSize,
  Command,
  OrbitMove,
  RunState,
  SavedKind,
  SessionReport,
} from '../protocol/messages';
import { defaults, type MethodId, methodOf, type Settings } from '../settings';
import { find, instantiate, setText } from './dom';
import { Plot } from './plot';
import { listenForOrbits } from './pointer';

type StepReport = Extract<SessionReport, { type: 'step' }>['report'];

export interface PaneListeners {
  readonly send: (command: Command, transfer?: Transferable[]) => void;
  readonly orbit: (move: OrbitMove) => void;
}

/** Pixels of a canvas for each of the page's, and along its longest side, are at most this many. */
const mostRatio = 2;
const mostSide = 1024;

const short = (value: number) =>
  value === 0 || (value >= 0.01 && value < 1000)
    ? String(Number(value.toPrecision(3)))
    : value.toExponential(1);
const duration = (ms: number) =>
  ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;

/** One method's pane: its object, its curves, its files. */
export class Pane {
  readonly run: MethodId;
  readonly element: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #words: HTMLElement;
  readonly #buttons: readonly HTMLButtonElement[];
  readonly #curves = {
    gradient: new Plot([{ name: 'Gradient', tone: 'strong' }], short),
    terms: new Plot(
      [
        { name: 'DM term', tone: 'strong' },
        { name: 'CFG term', tone: 'faint' },
      ],
      short,
    ),
    loss: new Plot([{ name: 'Fake score loss', tone: 'strong' }], short),
    time: new Plot([{ name: 'Time of a step', tone: 'faint' }], duration),
  };
  readonly #plots: readonly Plot[] = Object.values(this.#curves);
  readonly #listeners: PaneListeners;
  #state: RunState = 'ended';
  #step = 0;
  #format: Settings['mesh']['format'] = defaults.mesh.format;

  constructor(run: MethodId, listeners: PaneListeners) {
    const { title, summary } = methodOf(run);
    this.run = run;
    this.element = instantiate('pane');
    this.element.dataset.run = run;
    this.#listeners = listeners;
    find(this.element, 'h2').textContent = title;
    find(this.element, '.about').textContent = summary;
    this.#words = find(this.element, '.state');
    this.#canvas = find<HTMLCanvasElement>(this.element, '.viewport canvas');
    this.#canvas.setAttribute('aria-label', `The object made by ${title}: arrow keys turn it`);
    this.#canvas.setAttribute('role', 'img');
    find(this.element, '.plots').append(...this.#plots.map((plot) => plot.element));
    this.#buttons = [...this.element.querySelectorAll<HTMLButtonElement>('[data-save]')];
    for (const button of this.#buttons) button.addEventListener('click', () => this.#save(button));
    this.draw();
  }

  /** Hands the canvas to the engine and keeps it informed; the pane must be in the page. */
  attach(): void {
    const canvas = this.#canvas.transferControlToOffscreen();
    const { send, orbit } = this.#listeners;
    const run = this.run;
    send({ type: 'attach', run, canvas, size: this.#size() }, [canvas]);
    new ResizeObserver(() => {
      if (this.#canvas.clientWidth > 0) send({ type: 'resize', run, size: this.#size() });
    }).observe(this.#canvas);
    listenForOrbits(this.#canvas, (move) => {
      find(this.element, '.viewport').classList.add('touched');
      orbit(move);
    });
  }

  set visible(visible: boolean) {
    this.element.hidden = !visible;
  }

  clear(): void {
    for (const plot of this.#plots) plot.clear();
  }

  enter(state: RunState, step: number, settings: Settings): void {
    this.#state = state;
    this.#step = step;
    this.#format = settings.mesh.format;
  }

  step({ step, gradientNorms, terms, fake, milliseconds }: StepReport): void {
    const { gradient, terms: both, loss, time } = this.#curves;
    gradient.add([gradientNorms.views]);
    both.add([terms.dm, terms.cfg]);
    if (fake) loss.add([fake.loss]);
    time.add([milliseconds.denoiser + milliseconds.generator + milliseconds.rest]);
    this.#step = step + 1;
  }

  draw(): void {
    const { dataset } = this.element;
    const states = {
      training: `step ${this.#step}`,
      finished: 'finished',
      failed: 'stopped',
      ended: '',
    };
    dataset.state = this.#state;
    dataset.step = String(this.#step);
    setText(this.#words, states[this.#state]);
    for (const button of this.#buttons) button.disabled = this.#state === 'ended';
    setText(find(this.element, '[data-save=object]'), `Export ${this.#format.toUpperCase()}`);
    for (const plot of this.#plots) plot.draw();
  }

  /** Files were made, or could not be. */
  saved(kind: SavedKind): void {
    for (const button of this.#buttons) {
      if (button.dataset.save === kind) button.removeAttribute('aria-busy');
    }
  }

  #save(button: HTMLButtonElement): void {
    if (button.hasAttribute('aria-busy')) return;
    button.setAttribute('aria-busy', 'true');
    this.#listeners.send({ type: 'save', run: this.run, kind: button.dataset.save as SavedKind });
  }

  #size(): CanvasSize {
    const { clientWidth, clientHeight } = this.#canvas;
    const longest = Math.max(clientWidth, clientHeight, 1);
    const ratio = Math.min(mostRatio, devicePixelRatio, mostSide / longest);
    const pixels = (length: number) => Math.max(1, Math.round(length * ratio));
    return { width: pixels(clientWidth), height: pixels(clientHeight) };
  }
}
