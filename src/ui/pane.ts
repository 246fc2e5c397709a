import type {
  CanvasSize,
  Command,
  OrbitMove,
  RunId,
  RunState,
  SavedKind,
  SessionReport,
} from '../protocol/messages';
import { methodOf, type Settings } from '../settings';
import { find, instantiate, setText } from './dom';
import { formulaNodes } from './formula';
import { History } from './history';
import { Plot } from './plot';
import { listenForOrbits } from './pointer';
import { lineOf, type RunName } from './run_names';

type StepReport = Extract<SessionReport, { type: 'step' }>['report'];

export interface PaneListeners {
  readonly send: (command: Command, transfer?: Transferable[]) => void;
  readonly orbit: (move: OrbitMove) => void;
  /** A look inside its run is asked for. */
  readonly look: () => void;
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

/** One run's pane: what it makes, its curves, its files. */
export class Pane {
  readonly run: RunId;
  readonly element: HTMLElement;
  readonly history = new History();
  #canvas: HTMLCanvasElement;
  readonly #sizes = new ResizeObserver(() => this.#resize());
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
    loss: new Plot([{ name: 'Loss of ψ', tone: 'strong' }], short),
    error: new Plot([{ name: 'Error of the views', tone: 'strong' }], short),
    time: new Plot([{ name: 'Time of a step', tone: 'faint' }], duration),
  };
  readonly #plots: readonly Plot[] = Object.values(this.#curves);
  readonly #listeners: PaneListeners;
  #state: RunState = 'ended';
  #step = 0;
  #turns = true;

  constructor(run: RunId, listeners: PaneListeners) {
    this.run = run;
    this.element = instantiate('pane');
    this.element.dataset.run = run;
    this.#listeners = listeners;
    find(this.element, '.look').addEventListener('click', () => listeners.look());
    this.#words = find(this.element, '.state');
    this.#canvas = find<HTMLCanvasElement>(this.element, '.viewport canvas');
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
    send({ type: 'attach', run: this.run, canvas, size: this.#size() }, [canvas]);
    this.#sizes.disconnect();
    this.#sizes.observe(this.#canvas);
    listenForOrbits(this.#canvas, {
      isOn: () => this.#turns,
      move: (move) => {
        find(this.element, '.viewport').classList.add('touched');
        orbit(move);
      },
    });
  }

  /** The same for another engine: a canvas belongs to the one that it was handed to. */
  attachAnew(): void {
    const canvas = this.#canvas.cloneNode() as HTMLCanvasElement;
    this.#canvas.replaceWith(canvas);
    this.#canvas = canvas;
    this.attach();
  }

  /** Says what the run is: by its name among the others, and by its settings. */
  describe(name: RunName, { method, generator, mesh, prompt }: Settings): void {
    const { summary, formula, sources } = methodOf(method);
    setText(find(this.element, 'h2 .title'), name.title);
    setText(find(this.element, 'h2 .differs'), name.differs.join(' · '));
    setText(find(this.element, '.about'), summary);
    const equation = find(this.element, '.formula');
    equation.replaceChildren(...formulaNodes(formula));
    equation.title = sources.join('; ');
    this.#turns = generator === 'field';
    this.element.dataset.generator = generator;
    const of = prompt.trim() ? ` of ${prompt.trim()}` : '';
    const what = this.#turns ? `The object${of}` : `The pictures${of}`;
    const how = this.#turns ? ': arrow keys turn it' : '';
    this.#canvas.setAttribute('aria-label', `${what} by ${lineOf(name)}${how}`);
    this.#canvas.tabIndex = this.#turns ? 0 : -1;
    const format = this.#turns ? mesh.format : 'png';
    setText(find(this.element, '[data-save=object]'), `Export ${format.toUpperCase()}`);
  }

  set visible(visible: boolean) {
    this.element.hidden = !visible;
  }

  clear(): void {
    for (const plot of this.#plots) plot.clear();
    this.history.clear();
  }

  /** Steps that its run has taken. */
  get steps(): number {
    return this.#step;
  }

  /** Whether its run is looked into. */
  set looked(looked: boolean) {
    find(this.element, '.look').setAttribute('aria-expanded', String(looked));
  }

  enter(state: RunState, step: number): void {
    this.#state = state;
    this.#step = step;
  }

  step(report: StepReport): void {
    this.history.add(report);
    const { gradient, terms, loss, error, time } = this.#curves;
    if (report.act === 'distil') {
      gradient.add([report.gradientNorms.views]);
      terms.add([report.terms.dm, report.terms.cfg]);
      if (report.fake) loss.add([report.fake.loss]);
    }
    if (report.act === 'fit') error.add([report.loss]);
    const { denoiser, generator, rest } = report.milliseconds;
    time.add([denoiser + generator + rest]);
    this.#step = report.step + 1;
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
    find<HTMLButtonElement>(this.element, '.look').disabled = this.#state === 'ended';
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

  #resize(): void {
    if (this.#canvas.clientWidth === 0) return;
    this.#listeners.send({ type: 'resize', run: this.run, size: this.#size() });
  }

  #size(): CanvasSize {
    const { clientWidth, clientHeight } = this.#canvas;
    const longest = Math.max(clientWidth, clientHeight, 1);
    const ratio = Math.min(mostRatio, devicePixelRatio, mostSide / longest);
    const pixels = (length: number) => Math.max(1, Math.round(length * ratio));
    return { width: pixels(clientWidth), height: pixels(clientHeight) };
  }
}
