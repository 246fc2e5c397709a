import type { Command, Report, RunId } from '../protocol/messages';
import { find, setText } from './dom';
import { Segments } from './segments';
import { shadings } from './shading';

type SurfaceReport = Extract<Report, { type: 'surface' }>;

/** Densities at the ends of the slider, between which it is logarithmic. */
const levels = { least: 0.5, most: 500 } as const;

/** The slider's places. */
const places = 200;

const levelAt = (place: number) => levels.least * (levels.most / levels.least) ** (place / places);
const placeOf = (level: number) =>
  (places * Math.log(level / levels.least)) / Math.log(levels.most / levels.least);

/** What all panes show, and how they are seen: shading, the mesh over the field, the turntable, the wipe, the cameras. */
export class ViewBar {
  readonly #bar: HTMLElement;
  readonly #send: (command: Command) => void;
  readonly #together: HTMLInputElement;
  readonly #wipe: HTMLInputElement;
  readonly #mesh: HTMLInputElement;
  readonly #level: HTMLInputElement;
  readonly #turn: HTMLInputElement;
  readonly #panes: HTMLElement;
  #shading = shadings[0]!.value;
  #runs: readonly RunId[] = [];
  /** What a person chose; undefined for the level whose outline is that of the views. */
  #chosen: number | undefined;

  constructor(root: ParentNode, send: (command: Command) => void) {
    this.#bar = find(root, '.view');
    this.#panes = find(root, '#panes');
    this.#send = send;
    this.#together = find(this.#bar, '#together input');
    this.#wipe = find(this.#bar, '#wipe input');
    this.#mesh = find(this.#bar, '#mesh input');
    this.#level = find(this.#bar, '#level input');
    this.#turn = find(this.#bar, '#turntable input');
    const segments = new Segments(find(root, '#shading'), shadings, (mode) => {
      this.#shading = mode;
      send({ type: 'shade', shading: mode });
    });
    segments.value = this.#shading;
    this.#turn.addEventListener('change', () => send({ type: 'turn', on: this.#turn.checked }));
    this.#together.addEventListener('change', () => this.#gather());
    this.#listenToMesh();
    this.#listenToWipe();
  }

  /** What panes show of their fields. */
  get shading() {
    return this.#shading;
  }

  /** The density at the surface that a person chose; undefined while it is that of the outline. */
  get level(): number | undefined {
    return this.#mesh.checked ? this.#chosen : undefined;
  }

  /** The panes whose cameras move with that of a pane. */
  movedWith(run: RunId): readonly RunId[] {
    return this.#together.checked ? this.#runs : [run];
  }

  /** @param fields whether there are fields among what the panes show. */
  show(runs: readonly RunId[], fields: boolean): void {
    this.#runs = runs;
    this.#panes.dataset.count = String(runs.length);
    for (const part of ['#shading', '#mesh', '#turntable']) {
      find(this.#bar, part).hidden = !fields;
    }
    find(this.#bar, '#level').hidden = !fields || !this.#mesh.checked;
    find(this.#bar, '#together').hidden = runs.length < 2;
    find(this.#bar, '#wipe').hidden = runs.length !== 2;
    this.#showWipe();
  }

  hear({ run, level, triangles }: SurfaceReport): void {
    if (run !== this.#runs[0] || !this.#mesh.checked) return;
    if (this.#chosen === undefined) this.#level.value = String(placeOf(level));
    const words =
      triangles > 0 ? `${triangles.toLocaleString('en')} triangles` : 'nothing is so dense';
    this.#say(level, words);
  }

  /** Another engine knows nothing of what was chosen. */
  sendAnew(): void {
    this.#send({ type: 'shade', shading: this.#shading });
    this.#send({ type: 'turn', on: this.#turn.checked });
    this.#sendLevel();
  }

  #listenToMesh(): void {
    Object.assign(this.#level, { min: '0', max: String(places), step: '1' });
    this.#mesh.addEventListener('change', () => {
      find(this.#bar, '#level').hidden = !this.#mesh.checked;
      this.#sendLevel();
    });
    this.#level.addEventListener('input', () => {
      this.#chosen = levelAt(this.#level.valueAsNumber);
      this.#say(this.#chosen, '');
      this.#sendLevel();
    });
    find(this.#bar, '#level button').addEventListener('click', () => {
      this.#chosen = undefined;
      this.#sendLevel();
    });
  }

  #sendLevel(): void {
    const level = this.#mesh.checked ? (this.#chosen ?? 0) : null;
    this.#send({ type: 'overlay', level });
  }

  #say(level: number, words: string): void {
    setText(find(this.#bar, '#level .value'), `σ = ${Number(level.toPrecision(2))}`);
    if (words) setText(find(this.#bar, '#level .triangles'), words);
    this.#level.setAttribute('aria-valuetext', `density ${Number(level.toPrecision(2))}`);
    find(this.#bar, '#level button').hidden = this.#chosen === undefined;
  }

  #listenToWipe(): void {
    const at = find<HTMLInputElement>(this.#panes, '#wipe-at');
    const move = () => this.#panes.style.setProperty('--wipe', String(at.valueAsNumber / 100));
    at.addEventListener('input', move);
    this.#wipe.addEventListener('change', () => {
      if (this.#wipe.checked) this.#together.checked = true;
      this.#gather();
      this.#showWipe();
    });
  }

  #showWipe(): void {
    const on = this.#wipe.checked && this.#runs.length === 2;
    this.#panes.toggleAttribute('data-wipe', on);
    find(this.#panes, '#wipe-at').hidden = !on;
    // What is seen through a wipe is seen from one place.
    this.#together.disabled = on;
  }

  #gather(): void {
    if (this.#together.checked) this.#send({ type: 'gather', runs: this.#runs });
  }
}
