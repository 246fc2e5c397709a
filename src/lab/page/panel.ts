/** Sliders, choices and switches of a page's settings, made from their schema. */
import type { Entry } from '../../schema';
import { html } from './elements';

/** A row of the panel. */
interface Row {
  readonly element: HTMLElement;
  show(value: unknown): void;
}

/** Steps of a slider between its bounds. */
const steps = 200;

/** The settings of a page, to be changed by a person. */
export class Panel {
  readonly element = html('div', { class: 'lab-panel' });
  readonly #rows: ReadonlyMap<string, Row>;

  /**
   * @param labels titles of choices that differ from their values.
   * @param change is told of every change that a person makes.
   */
  constructor(
    entries: readonly Entry[],
    change: (path: string, value: unknown) => void,
    labels: Readonly<Record<string, string>> = {},
  ) {
    this.#rows = new Map(
      entries.map((entry) => [
        entry.path,
        rowOf(entry, labels, (value) => change(entry.path, value)),
      ]),
    );
    this.element.append(...[...this.#rows.values()].map(({ element }) => element));
  }

  show(values: Readonly<Record<string, unknown>>): void {
    for (const [path, row] of this.#rows) row.show(values[path]);
  }

  /** The row of a setting, to be put beside what it moves. */
  rowOf(path: string): HTMLElement {
    return this.#rows.get(path)!.element;
  }
}

function rowOf(
  entry: Entry,
  labels: Readonly<Record<string, string>>,
  change: (value: unknown) => void,
): Row {
  const { control } = entry;
  if (control.kind === 'boolean') return switchRow(entry, change);
  if (control.kind === 'choice') return choiceRow(entry, control.choices, labels, change);
  if (control.kind === 'integer' && control.max > 1e6) return numberRow(entry, control.max, change);
  if (control.kind === 'integer' || control.kind === 'number') {
    return sliderRow(entry, control.min, control.max, control.kind === 'integer', change);
  }
  throw new Error(`The panel has no row for '${entry.path}'.`);
}

function switchRow({ label, help }: Entry, change: (value: unknown) => void): Row {
  const input = html('input', { type: 'checkbox' });
  input.addEventListener('change', () => change(input.checked));
  const element = html('label', { class: 'switch', title: help }, input, html('span', {}, label));
  return {
    element,
    show: (value) => {
      input.checked = value === true;
    },
  };
}

function choiceRow(
  { label, help }: Entry,
  choices: readonly (string | number)[],
  labels: Readonly<Record<string, string>>,
  change: (value: unknown) => void,
): Row {
  const options = choices.map((choice) =>
    html('option', { value: String(choice) }, labels[choice] ?? String(choice)),
  );
  const select = html('select', {}, ...options);
  select.addEventListener('change', () => {
    change(choices.find((choice) => String(choice) === select.value));
  });
  const element = html('label', { class: 'choice', title: help }, html('span', {}, label), select);
  return {
    element,
    show: (value) => {
      select.value = String(value);
    },
  };
}

function numberRow({ label, help }: Entry, max: number, change: (value: unknown) => void): Row {
  const input = html('input', { type: 'number', min: '0', max: String(max), step: '1' });
  input.addEventListener('change', () => change(input.valueAsNumber));
  const element = html('label', { class: 'choice', title: help }, html('span', {}, label), input);
  return {
    element,
    show: (value) => {
      input.value = String(value);
    },
  };
}

function sliderRow(
  { label, help }: Entry,
  min: number,
  max: number,
  whole: boolean,
  change: (value: unknown) => void,
): Row {
  const step = whole ? 1 : Number(((max - min) / steps).toPrecision(1));
  const input = html('input', { type: 'range' });
  Object.assign(input, { min: String(min), max: String(max), step: String(step) });
  const output = html('output');
  input.addEventListener('input', () => {
    output.textContent = digits(input.valueAsNumber);
    change(input.valueAsNumber);
  });
  const words = html('span', {}, html('span', {}, label), output);
  return {
    element: html('label', { class: 'slider', title: help }, words, input),
    show: (value) => {
      input.value = String(value);
      output.textContent = digits(Number(value));
    },
  };
}

const digits = (value: number) => String(Number(value.toPrecision(3)));
