import { find, instantiate, setText } from './dom';
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
  #newest: readonly number[] | undefined;

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
    this.draw();
  }

  /** Takes in a value for each line, to be drawn by `draw`. */
  add(values: readonly number[]): void {
    this.#lines.forEach(({ series }, i) => {
      series.add(values[i]!);
    });
    this.#newest = values;
  }

  clear(): void {
    for (const { series } of this.#lines) series.clear();
    this.#newest = undefined;
  }

  /** A plot of nothing is not there. */
  draw(): void {
    const newest = this.#newest;
    this.element.hidden = newest === undefined;
    if (!newest) return;
    const top = Math.max(...this.#lines.flatMap(({ series }) => series.points), Number.MIN_VALUE);
    this.#lines.forEach(({ path, output, series }, i) => {
      setText(output, this.#format(newest[i]!));
      path.setAttribute('d', curve(series.points, top));
    });
  }
}

/** Points from left to right, `top` at the top, as the path of an SVG element. */
function curve(points: readonly number[], top: number): string {
  const places = points.map((value, i) => {
    const x = (width * i) / Math.max(1, points.length - 1);
    const y = height - 2 - ((height - 4) * value) / top;
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  return places.length > 0 ? `M${places.join('L')}` : '';
}
