/** A divergence over all single Gaussians as a map: the lower the darker, with contours, its optima, and a fit's way. */
import type { Divergence } from '../../line/divergence';
import type { Optimum } from '../../line/fit';
import { deviationAt, landscape, meanAt, type Window } from '../../line/landscape';
import type { Mixture } from '../../line/mixture';
import { colourOf, html, svg } from '../../page/elements';

interface Place {
  readonly mean: number;
  readonly deviation: number;
}

/** Pixels of the map's side. */
const side = 220;
const contours = 9;

export class LandscapeView {
  readonly element: HTMLElement;
  readonly #window: Window;
  readonly #canvas = html('canvas', { width: String(side), height: String(side) });
  readonly #marks = svg('g');
  readonly #path = svg('path', { class: 'path' });
  readonly #now = svg('circle', { class: 'now', r: 2.6 });
  readonly #output = html('output');
  readonly #colour: string;
  #points: string[] = [];

  /** @param begin is told where a person wants the fits to start. */
  constructor(title: string, colour: string, window: Window, begin: (at: Place) => void) {
    this.#window = window;
    this.#colour = colour;
    const overlay = svg('svg', {
      viewBox: '0 0 100 100',
      preserveAspectRatio: 'none',
      'aria-hidden': 'true',
    });
    overlay.append(this.#marks, this.#path, this.#now);
    for (const shape of [this.#path, this.#now])
      shape.setAttribute('vector-effect', 'non-scaling-stroke');
    const map = html(
      'div',
      { class: 'map', title: 'Click to start the fits here' },
      this.#canvas,
      overlay,
    );
    map.addEventListener('click', (event) => {
      const { left, top, width, height } = map.getBoundingClientRect();
      begin({
        mean: meanAt(window, (event.clientX - left) / width),
        deviation: deviationAt(window, 1 - (event.clientY - top) / height),
      });
    });
    const [low, high] = window.means;
    this.element = html(
      'figure',
      { class: 'landscape card' },
      html('figcaption', {}, html('span', {}, title), this.#output),
      map,
      html(
        'p',
        { class: 'axes' },
        html('span', {}, String(low).replace('-', '−')),
        html('span', {}, 'mean → · deviation ↑ (log)'),
        html('span', {}, String(high)),
      ),
    );
    this.element.style.setProperty('--colour', `var(${colour})`);
  }

  /** Draws the map. @param cells along each side. */
  survey(divergence: Divergence, p: Mixture, cells: number): void {
    const { values } = landscape(divergence, p, this.#window, cells, cells);
    const least = values.reduce((a, b) => Math.min(a, b));
    // Of what may be infinite only the lower part is told apart.
    const heights = values.map((value) => Math.log1p((value - least) * 4));
    const top = Math.min(
      4.2,
      heights.reduce((a, b) => Math.max(a, b)),
    );
    const pen = this.#canvas.getContext('2d')!;
    const colour = rgb(colourOf(this.element, this.#colour));
    const ground = rgb(colourOf(this.element, '--card'));
    const image = pen.createImageData(side, side);
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const height = smooth(
          heights,
          cells,
          ((x + 0.5) / side) * cells - 0.5,
          (1 - (y + 0.5) / side) * cells - 0.5,
        );
        const level = Math.min(1, height / top) * contours;
        // Steps with soft edges read as contours.
        const step = (Math.floor(level) + Math.min(1, (level % 1) * 6) * 0.5) / contours;
        const share = 0.06 + 0.8 * (1 - step) ** 1.6;
        const at = 4 * (y * side + x);
        for (let c = 0; c < 3; c++)
          image.data[at + c] = ground[c]! + share * (colour[c]! - ground[c]!);
        image.data[at + 3] = 255;
      }
    }
    pen.putImageData(image, 0, 0);
  }

  /** Marks the optima: the best filled, the others as rings. */
  mark(optima: readonly Optimum[]): void {
    this.#marks.replaceChildren(
      ...optima.map((optimum, i) => {
        const [cx, cy] = this.#at(optimum);
        return svg('circle', {
          class: i === 0 ? 'best' : 'local',
          cx,
          cy,
          r: 2.1,
          'vector-effect': 'non-scaling-stroke',
        });
      }),
    );
  }

  clearPath(): void {
    this.#points = [];
    this.#path.setAttribute('d', '');
  }

  addToPath(at: Place): void {
    if (this.#points.length < 2000) {
      this.#points.push(
        this.#at(at)
          .map((value) => value.toFixed(2))
          .join(' '),
      );
    }
  }

  showNow(at: Place, value: number): void {
    const [cx, cy] = this.#at(at);
    this.#now.setAttribute('cx', String(cx));
    this.#now.setAttribute('cy', String(cy));
    this.#path.setAttribute('d', this.#points.length > 1 ? `M${this.#points.join('L')}` : '');
    this.#output.textContent = value.toPrecision(4);
  }

  #at({ mean, deviation }: Place): [number, number] {
    const { means, deviations } = this.#window;
    const x = (mean - means[0]) / (means[1] - means[0]);
    const y = Math.log(deviation / deviations[0]) / Math.log(deviations[1] / deviations[0]);
    return [100 * x, 100 * (1 - y)];
  }
}

/** Bilinear, clamped at the edges. */
function smooth(values: Float64Array, cells: number, x: number, y: number): number {
  const clamp = (i: number) => Math.min(cells - 1, Math.max(0, i));
  const [x0, y0] = [clamp(Math.floor(x)), clamp(Math.floor(y))];
  const [x1, y1] = [clamp(x0 + 1), clamp(y0 + 1)];
  const [fx, fy] = [clamp(x) - x0, clamp(y) - y0];
  const row = (at: number) => values[at * cells + x0]! * (1 - fx) + values[at * cells + x1]! * fx;
  return row(y0) * (1 - fy) + row(y1) * fy;
}

/** The channels of a computed colour, from 0 to 255. */
function rgb(colour: string): number[] {
  return (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
}
