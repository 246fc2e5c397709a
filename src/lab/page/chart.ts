/** Curves in SVG: axes, lines, their names at their ends. */
import { html, svg } from './elements';

/** One line of a chart. */
export interface Curve {
  readonly name: string;
  /** A colour of the style sheet: `--copper`. */
  readonly colour: string;
  readonly xs: ArrayLike<number>;
  readonly ys: ArrayLike<number>;
  /** Drawn in dashes, for what another curve is held against. */
  readonly dashed?: boolean;
  /** Filled down to zero. */
  readonly filled?: boolean;
}

export interface ChartOptions {
  readonly title: string;
  /** Bounds that are fixed; others follow the curves. */
  readonly y?: readonly [low: number | undefined, high: number | undefined];
  readonly x?: readonly [low: number, high: number];
  readonly xName?: string;
  readonly height?: number;
  /** Of the picture's own units, which letters are measured in. */
  readonly width?: number;
}

const margin = { left: 44, right: 14, top: 10, bottom: 30 };

/** A chart and its title; `set` draws it anew. */
export class Chart {
  readonly element: HTMLElement;
  readonly picture: SVGSVGElement;
  readonly #options: ChartOptions;
  readonly #legend = html('p', { class: 'legend' });
  readonly #height: number;
  readonly #width: number;
  /** What `set` draws; others may add to the picture. */
  readonly #content = svg('g');

  constructor(options: ChartOptions) {
    this.#options = options;
    this.#height = options.height ?? 200;
    this.#width = options.width ?? 420;
    this.picture = svg('svg', {
      viewBox: `0 0 ${this.#width} ${this.#height}`,
      role: 'img',
      'aria-label': options.title,
    });
    this.picture.append(this.#content);
    this.element = html(
      'figure',
      { class: 'chart' },
      html('figcaption', {}, options.title),
      this.picture,
      this.#legend,
    );
  }

  /** Where a value lies in the picture, once curves are set. */
  at: (x: number, y: number) => readonly [number, number] = () => [0, 0];

  set(curves: readonly Curve[]): void {
    const { x: fixedX, y: fixedY = [undefined, undefined] } = this.#options;
    const [left, right] = fixedX ?? rangeOf(curves.map(({ xs }) => xs));
    const [least, most] = rangeOf(curves.map(({ ys }) => ys));
    const low = fixedY[0] ?? least;
    const high = Math.max(fixedY[1] ?? most, low + 1e-9);
    const inner = {
      width: this.#width - margin.left - margin.right,
      height: this.#height - margin.top - margin.bottom,
    };
    this.at = (x, y) => [
      margin.left + (inner.width * (x - left)) / Math.max(right - left, 1e-12),
      margin.top + inner.height * (1 - (y - low) / (high - low)),
    ];
    this.#content.replaceChildren(
      ...this.#axes(left, right, low, high),
      ...curves.flatMap((curve) => this.#line(curve, low, high)),
    );
    const names = curves.map(({ name, colour, dashed }) => {
      const mark = html('i', { class: dashed ? 'dashed' : '' });
      mark.style.setProperty('--colour', `var(${colour})`);
      return html('span', {}, mark, name);
    });
    this.#legend.replaceChildren(...names);
  }

  #axes(left: number, right: number, low: number, high: number): SVGElement[] {
    const marks: SVGElement[] = [];
    for (const y of ticks(low, high)) {
      const [x1, at] = this.at(left, y);
      const [x2] = this.at(right, y);
      marks.push(
        svg('path', { class: 'rule', d: `M${x1} ${at}H${x2}` }),
        svg('text', { class: 'tick end', x: x1 - 7, y: at + 4 }, label(y)),
      );
    }
    for (const x of ticks(left, right)) {
      const [at, bottom] = this.at(x, low);
      marks.push(svg('text', { class: 'tick middle', x: at, y: bottom + 17 }, label(x)));
    }
    const { xName } = this.#options;
    if (xName) {
      const [at, bottom] = this.at(right, low);
      marks.push(svg('text', { class: 'tick name end', x: at, y: bottom + 28 }, xName));
    }
    return marks;
  }

  #line({ xs, ys, colour, dashed, filled }: Curve, low: number, high: number): SVGElement[] {
    const span = high - low;
    const points: string[] = [];
    for (let i = 0; i < xs.length; i++) {
      const y = ys[i]!;
      if (!Number.isFinite(y)) continue;
      const shown = Math.min(high + span * 0.02, Math.max(low - span * 0.02, y));
      points.push(
        this.at(xs[i]!, shown)
          .map((value) => value.toFixed(1))
          .join(' '),
      );
    }
    if (points.length === 0) return [];
    const line = svg('path', {
      class: dashed ? 'curve dashed' : 'curve',
      d: `M${points.join('L')}`,
    });
    line.style.setProperty('--colour', `var(${colour})`);
    if (!filled) return [line];
    const [first, last] = [xs[0]!, xs[xs.length - 1]!];
    const [x1, y0] = this.at(first, 0);
    const [x2] = this.at(last, 0);
    const area = svg('path', {
      class: 'area',
      d: `M${x1} ${y0}L${points.join('L')}L${x2} ${y0}Z`,
    });
    area.style.setProperty('--colour', `var(${colour})`);
    return [area, line];
  }
}

function rangeOf(lists: readonly ArrayLike<number>[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const list of lists) {
    for (let i = 0; i < list.length; i++) {
      const value = list[i]!;
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return low <= high ? [low, high === low ? low + 1 : high] : [0, 1];
}

/** Round numbers within a range, four or so. */
function ticks(low: number, high: number): number[] {
  const raw = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw)!;
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, i) => (first + i) * step);
}

const label = (value: number) => String(Number(value.toPrecision(3))).replace('-', '−');
