/** A plane to draw one's own target on: by pointer, or with the arrow keys and Enter. */
import { button, colourOf, html } from '../../page/elements';
import { edge, mostPoints } from '../../plane/targets';
import { PlaneView, type Relief } from './view';

/** How near points lie at least while they are drawn in one stroke. */
const apart = 0.15;

export class TargetEditor {
  readonly element: HTMLElement;
  readonly #view = new PlaneView('Your own target: click or draw; or arrow keys and Enter');
  readonly #change: (points: [number, number][]) => void;
  #points: [number, number][] = [];
  #cursor: [number, number] | undefined;
  #relief: Relief | undefined;

  constructor(change: (points: [number, number][]) => void) {
    this.#change = change;
    const { canvas } = this.#view;
    canvas.tabIndex = 0;
    canvas.classList.add('drawable');
    canvas.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      canvas.focus();
      canvas.setPointerCapture(event.pointerId);
      this.#cursor = undefined;
      this.#add(this.#view.placeOf(event));
    });
    canvas.addEventListener('pointermove', (event) => {
      if (event.buttons === 0) return;
      const place = this.#view.placeOf(event);
      const last = this.#points.at(-1);
      if (!last || Math.hypot(place[0] - last[0], place[1] - last[1]) > apart) this.#add(place);
    });
    canvas.addEventListener('keydown', (event) => this.#key(event));
    this.element = html(
      'article',
      { class: 'plane-pane editor' },
      html('div', { class: 'plane' }, canvas),
      html('h3', {}, 'Your own target'),
      html('p', { class: 'summary' }, 'Click or draw here: each point becomes a mode.'),
      html(
        'p',
        { class: 'exports' },
        button('Undo', () => this.#remove(1), 'Take the last point back'),
        button('Clear', () => this.#remove(this.#points.length), 'Take all points away'),
      ),
    );
  }

  show(relief: Relief, points: readonly (readonly [number, number])[]): void {
    this.#relief = relief;
    this.#points = points.map(([x, y]) => [x, y]);
    this.#draw();
  }

  #add(place: [number, number]): void {
    if (this.#points.length >= mostPoints) return;
    const inside = place.map((value) => {
      return Math.round(100 * Math.min(edge, Math.max(-edge, value))) / 100;
    });
    this.#change([...this.#points, inside as [number, number]]);
  }

  #remove(count: number): void {
    const left = this.#points.slice(0, Math.max(0, this.#points.length - count));
    if (left.length > 0) this.#change(left);
    else {
      // A target needs a point: the shown one stays until there is another.
      this.#points = [];
      this.#draw();
    }
  }

  #key(event: KeyboardEvent): void {
    const [x, y] = this.#cursor ?? [0, 0];
    const moves: Readonly<Record<string, [number, number]>> = {
      ArrowLeft: [x - 0.1, y],
      ArrowRight: [x + 0.1, y],
      ArrowUp: [x, y + 0.1],
      ArrowDown: [x, y - 0.1],
    };
    if (event.key === 'Enter') this.#add([x, y]);
    else if (event.key === 'Backspace') this.#remove(1);
    else if (moves[event.key]) this.#cursor = moves[event.key];
    else return;
    event.preventDefault();
    this.#draw();
  }

  #draw(): void {
    if (!this.#relief) return;
    this.#view.clear(this.#relief);
    const { canvas } = this.#view;
    this.#view.dots(Float64Array.from(this.#points.flat()), colourOf(this.element, '--muted'), 4);
    if (this.#cursor && document.activeElement === canvas) {
      const at = Float64Array.from(this.#cursor);
      this.#view.rings(at, colourOf(this.element, '--ink'), 0.12);
    }
  }
}
