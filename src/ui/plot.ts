import { find, instantiate } from './dom';
import { Series } from './series';

/** A line of a plot. */
export interface Line {
  /** Stands above the plot. */
  readonly name: string;
  /** Its class in the style sheet. */
  readonly tone: 'strong' | 'faint';
}

const width = 100;
const height = 34;

/** A small live plot: lines over the steps, from zero up, and the newest values in words. */
export class Plot {
  readonly element: HTMLElement;
  readonly #lines: readonly {
    readonly path: SVGPathElement;
    readonly output: HTMLOutputElement;
    readonly series: Series;
  }[];
  readonly #format: (value: number) => string;
  #requested = false;

  constructor(lines: readonly Line[], format: (value: number) => string) {
    this.element = instantiate('plot');
    this.#format = format;
    const picture = find<SVGSVGElement>(this.element, 'svg');
    picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const names = lines.map(({ name }) => name).join(' and ');
    find(picture, 'title').textContent = `${names} over the steps`;
    const caption = find(this.element, 'figcaption');
    this.#lines = lines.map(({ name, tone }) => {
      const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
      const label = document.createElement('span');
      const output = document.createElement('output');
      path.classList.add(tone);
      label.textContent = name;
      if (lines.length > 1) label.classList.add(tone);
      picture.append(path);
      caption.append(label, output);
      return { path, output, series: new Series() };
    });
    this.clear();
  }

  /** A value for each line. */
  add(values: readonly number[]): void {
    this.element.hidden = false;
    this.#lines.forEach(({ series, output }, i) => {
      series.add(values[i]!);
      output.textContent = this.#format(values[i]!);
    });
    this.#request();
  }

  /** Takes the plot away until there is something to plot. */
  clear(): void {
    this.element.hidden = true;
    for (const { series } of this.#lines) series.clear();
  }

  /** Drawn once a frame at most, however many steps there were. */
  #request(): void {
    if (this.#requested) return;
    this.#requested = true;
    requestAnimationFrame(() => {
      this.#requested = false;
      this.#draw();
    });
  }

  #draw(): void {
    const top = Math.max(...this.#lines.flatMap(({ series }) => series.points), Number.MIN_VALUE);
    for (const { path, series } of this.#lines) {
      const { points } = series;
      const places = points.map((value, i) => {
        const x = (width * i) / Math.max(1, points.length - 1);
        const y = height - 2 - ((height - 4) * value) / top;
        return `${x.toFixed(1)} ${y.toFixed(1)}`;
      });
      path.setAttribute('d', places.length > 0 ? `M${places.join('L')}` : '');
    }
  }
}
