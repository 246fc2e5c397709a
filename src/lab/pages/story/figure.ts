/** A picture of the story: curves, and the sliders that move them, each beside its letter. */
import { LimbeckError } from '../../../errors';
import { Chart, type ChartOptions, type Curve } from '../../page/chart';
import { button, html } from '../../page/elements';
import { csv, saveSvg, saveText } from '../../page/save';
import { tex } from '../../page/tex';

/** What a slider moves. */
export interface Dial {
  /** In links: letters. */
  readonly name: string;
  /** In the notation of `tex`. */
  readonly letter: string;
  readonly min: number;
  readonly max: number;
  readonly first: number;
  readonly step?: number;
}

export interface FigureOptions extends ChartOptions {
  readonly id: string;
  readonly dials: readonly Dial[];
  curves(values: Readonly<Record<string, number>>): Curve[];
  /** What the curves show, in figures. */
  says(values: Readonly<Record<string, number>>): string;
}

export class Figure {
  readonly element: HTMLElement;
  readonly values: Record<string, number>;
  readonly #options: FigureOptions;

  /**
   * @param query of the address: `ID.NAME` is the value of a dial.
   * @throws LimbeckError for a value that a dial cannot have.
   */
  constructor(options: FigureOptions, query: URLSearchParams, changed: () => void) {
    this.#options = options;
    const { id, dials, title } = options;
    this.values = Object.fromEntries(
      dials.map((dial) => [dial.name, valueIn(dial, query.get(`${id}.${dial.name}`))]),
    );
    const chart = new Chart(options);
    const said = html('p', { class: 'said', 'aria-live': 'polite' });
    let curves: Curve[] = [];
    const draw = () => {
      curves = options.curves(this.values);
      chart.set(curves);
      said.textContent = options.says(this.values);
    };
    const rows = dials.map((dial) => {
      const { name, min, max, step } = dial;
      const input = html('input', { type: 'range', 'aria-label': `${name}, ${title}` });
      const places = {
        min: String(min),
        max: String(max),
        step: String(step ?? (max - min) / 200),
      };
      Object.assign(input, places);
      input.value = String(this.values[name]);
      const output = html('output', {}, shown(this.values[name]!));
      input.addEventListener('input', () => {
        this.values[name] = input.valueAsNumber;
        output.textContent = shown(input.valueAsNumber);
        draw();
        changed();
      });
      return html('label', { class: 'dial' }, tex(dial.letter), input, output);
    });
    const save = () => {
      const columns = curves.flatMap(({ name, xs, ys }) => [
        [`${name}: x`, Array.from(xs)] as const,
        [name, Array.from(ys)] as const,
      ]);
      saveText(`${id}.csv`, csv(Object.fromEntries(columns)));
    };
    chart.element.classList.add('card');
    chart.element.append(
      ...rows,
      said,
      html(
        'p',
        { class: 'exports' },
        button('CSV', save, `The curves of ‘${title}’`),
        button('SVG', () => saveSvg(`${id}.svg`, chart.picture), `The picture of ‘${title}’`),
      ),
    );
    this.element = chart.element;
    draw();
  }

  /** What differs from the first values, for a link. */
  remember(query: URLSearchParams): void {
    const { id, dials } = this.#options;
    for (const { name, first } of dials) {
      if (this.values[name] !== first) query.set(`${id}.${name}`, String(this.values[name]));
    }
  }
}

function valueIn({ name, min, max, first }: Dial, text: string | null): number {
  if (text === null) return first;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= min && value <= max) return value;
  throw new LimbeckError(
    `The link sets ${name} to '${text.slice(0, 40)}'.`,
    `It takes a number from ${min} to ${max}; the page shows ${first}.`,
  );
}

const shown = (value: number) => String(Number(value.toPrecision(3))).replace('-', '−');
