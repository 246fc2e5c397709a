import type { Command, RunId, SessionReport } from '../protocol/messages';
import { Curves } from './curves';
import { download, find, setText } from './dom';
import type { History } from './history';
import { LiveSettings } from './live_settings';
import { lineOf } from './run_names';
import type { ShownRun } from './shown_runs';
import { WatchedPictures } from './watched_pictures';

type StepReport = Extract<SessionReport, { type: 'step' }>['report'];
type Watched = Extract<SessionReport, { type: 'watched' }>['watched'];

/** Milliseconds between two looks: more would cost the run more than they show. */
const lookEvery = 400;

/** Noise levels of steps before the newest that are shown. */
const mostLevels = 60;

/** A look inside a run: what its models see and say, what moves it, and sliders that act on it. */
export class Microscope {
  readonly #element: HTMLElement;
  readonly #send: (command: Command) => void;
  readonly #pictures: WatchedPictures;
  readonly #curves: Curves;
  readonly #live: LiveSettings;
  #specimen: ShownRun | undefined;
  #every = 1;
  #changed = false;

  constructor(root: ParentNode, send: (command: Command) => void) {
    this.#element = find(root, '#microscope');
    this.#send = send;
    this.#pictures = new WatchedPictures(find(this.#element, '.rows'));
    this.#curves = new Curves(this.#element);
    this.#live = new LiveSettings(find(this.#element, '.live'), (run, path, value) =>
      send({ type: 'adjust', run, path, value }),
    );
    find(this.#element, '.close').addEventListener('click', () => this.close());
    find(this.#element, '.csv').addEventListener('click', () => this.#saveTable());
  }

  /** The run that is looked at. */
  get run(): RunId | undefined {
    return this.#specimen?.run;
  }

  /** Looks at a run, or no longer when it is the one. */
  toggle(specimen: ShownRun): void {
    if (this.run === specimen.run) {
      this.close();
      return;
    }
    this.close();
    this.#specimen = specimen;
    this.#element.hidden = false;
    this.#element.dataset.run = specimen.run;
    setText(find(this.#element, 'h2 span'), lineOf(specimen.name));
    this.#pictures.clear();
    this.#watch(1);
    this.show(specimen);
    void this.#curves.show(specimen.history);
    this.#element.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
  }

  close(): void {
    if (this.#specimen) this.#send({ type: 'watch', run: this.#specimen.run, every: 0 });
    this.#specimen = undefined;
    this.#element.hidden = true;
  }

  /** The run has other settings, or another step. */
  show(specimen: ShownRun): void {
    if (specimen.run !== this.run) return;
    this.#specimen = specimen;
    const { run, settings, changes, step } = specimen;
    this.#live.show(run, settings, changes, step);
    this.#changed = true;
  }

  /** Another engine knows nothing of what is watched. */
  watchAnew(): void {
    if (this.#specimen) this.#watch(this.#every);
  }

  hear(watched: Watched): void {
    this.#pictures.take(watched);
    this.#changed = true;
  }

  /** Takes a step's report in, and looks as often as its time allows. */
  step({ milliseconds }: StepReport): void {
    const { denoiser, generator, rest } = milliseconds;
    const every = Math.max(1, Math.round(lookEvery / Math.max(1, denoiser + generator + rest)));
    // Twice as often or half as often is no reason.
    if (every > 2 * this.#every || 2 * every < this.#every) this.#watch(every);
    this.#changed = true;
  }

  draw(): void {
    if (!this.#changed || !this.#specimen) return;
    this.#changed = false;
    this.#pictures.draw();
    this.#curves.draw();
    this.#drawLevels(this.#specimen.history);
  }

  /** Where the noise levels fell: the newest stands out. */
  #drawLevels(history: History): void {
    const levels = history.column('timestep').slice(-mostLevels);
    const marks = levels.map((timestep, i) => {
      const mark = document.createElementNS('http://www.w3.org/2000/svg', 'circle');
      mark.setAttribute('cx', String((timestep ?? 0) / 10));
      mark.setAttribute('cy', '5');
      mark.setAttribute('r', i === levels.length - 1 ? '2.6' : '1.2');
      return mark;
    });
    find(this.#element, '.levels g').replaceChildren(...marks);
    const newest = levels.at(-1);
    const words = newest === undefined ? '' : `τ = ${newest} in the newest step`;
    setText(find(this.#element, '.levels-about'), words);
  }

  #watch(every: number): void {
    this.#every = every;
    if (this.#specimen) this.#send({ type: 'watch', run: this.#specimen.run, every });
  }

  #saveTable(): void {
    if (!this.#specimen) return;
    const { history, settings } = this.#specimen;
    const name = `${settings.method}-${settings.seed}-steps.csv`;
    download(name, new TextEncoder().encode(history.csv));
  }
}
