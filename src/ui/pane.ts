import type {
  Command,
  OrbitMove,
  RunId,
  RunState,
  SavedKind,
  SessionReport,
} from '../protocol/messages';
import { methodOf, type Settings } from '../settings';
import { find, instantiate, setText } from './dom';
import { EngineCanvas } from './engine_canvas';
import { formulaNodes } from './formula';
import { History } from './history';
import { Plot } from './plot';
import { lineOf, type RunName } from './run_names';

type StepReport = Extract<SessionReport, { type: 'step' }>['report'];

export interface PaneListeners {
  readonly send: (command: Command, transfer?: Transferable[]) => void;
  readonly orbit: (move: OrbitMove) => void;
  /** A look inside its run is asked for. */
  readonly look: () => void;
  /** What it has made is to be taken home. */
  readonly take: () => void;
}

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
  readonly #canvas: EngineCanvas;
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
    find(this.element, '.take').addEventListener('click', () => listeners.take());
    this.#words = find(this.element, '.state');
    const viewport = find(this.element, '.viewport');
    this.#canvas = new EngineCanvas(viewport, run, {
      send: listeners.send,
      isOn: () => this.#turns,
      orbit: (move) => {
        viewport.classList.add('touched');
        listeners.orbit(move);
      },
    });
    find(this.element, '.plots').append(...this.#plots.map((plot) => plot.element));
    this.#buttons = [...this.element.querySelectorAll<HTMLButtonElement>('[data-save]')];
    for (const button of this.#buttons) button.addEventListener('click', () => this.#save(button));
    this.draw();
  }

  /** Gives the engine its canvas; the pane must be in the page. */
  attach(): void {
    this.#canvas.attach();
  }

  /** Gives another engine a canvas. */
  attachAnew(): void {
    this.#canvas.attachAnew();
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
    this.#canvas.label = `${what} by ${lineOf(name)}${how}`;
    this.#canvas.focusable = this.#turns;
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

  get state(): RunState {
    return this.#state;
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
    for (const place of ['.look', '.take']) {
      find<HTMLButtonElement>(this.element, place).disabled = this.#state === 'ended';
    }
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
}
