import type { Report, RunId } from '../protocol/messages';
import type { Measures } from '../protocol/reports';
import { download, find, instantiate, setText } from './dom';
import { lineOf } from './run_names';
import type { ShownRun } from './shown_runs';

type Measured = Extract<Report, { type: 'measured' }>;

interface Column {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  /** Undefined where it is not known. */
  readonly value: (run: ShownRun, measures: Measures | undefined) => number | undefined;
  readonly words?: (value: number, measures: Measures | undefined) => string;
}

const short = (value: number) => String(Number(value.toPrecision(3)));

const ordinal = (place: number) => {
  const rule = new Intl.PluralRules('en', { type: 'ordinal' }).select(place);
  return `${place}${{ one: 'st', two: 'nd', few: 'rd', other: 'th', zero: 'th', many: 'th' }[rule]}`;
};

/** Milliseconds of all steps that were seen. */
const milliseconds = ({ history }: ShownRun) =>
  history.total('denoiser_ms') + history.total('generator_ms') + history.total('rest_ms');

/** Steps that were taken elsewhere, before the run was opened here, were not seen. */
const ofAllSteps = (run: ShownRun, total: number) =>
  run.history.steps.length === run.step ? total : undefined;

const columns: readonly Column[] = [
  {
    id: 'rank',
    title: 'R-precision',
    about: 'Where the scorer finds the prompt among other captions, by eight views of the object',
    value: (_, measures) => measures && measures.rank + 1,
    words: (place, measures) => `${ordinal(place)} of ${measures?.captions}`,
  },
  {
    id: 'opacity',
    title: 'Opacity',
    about: 'Mean of α weighted by α: 1 for a solid object, less for fog',
    value: (_, measures) => measures?.opacity ?? undefined,
  },
  {
    id: 'colour_spread',
    title: 'Colour spread',
    about: 'Root mean square distance of colours from their mean: 0 for one colour',
    value: (_, measures) => measures?.colourSpread ?? undefined,
  },
  {
    id: 'gradient_variance',
    title: 'Gradient variance',
    about:
      'Of ∂L/∂x under fresh noise, relative to its mean square: 0 where all noise says the same',
    value: (_, measures) => measures?.gradientVariance ?? undefined,
  },
  {
    id: 'seconds',
    title: 'Seconds',
    about: 'By the clock, of its steps alone',
    value: (run) => ofAllSteps(run, milliseconds(run) / 1000),
  },
  {
    id: 'calls',
    title: 'Denoiser calls',
    about: 'Predictions of all views for one text, by the frozen model or the fake score',
    value: (run) => ofAllSteps(run, run.history.total('calls')),
    words: (value) => value.toLocaleString('en'),
  },
];

/** The measures of the runs side by side, under their panes. */
export class MeasuresTable {
  readonly #element: HTMLElement;
  readonly #button: HTMLButtonElement;
  readonly #measured = new Map<RunId, Measured>();
  readonly #waiting = new Set<RunId>();
  readonly #measure: (runs: readonly RunId[]) => void;
  #runs: readonly ShownRun[] = [];
  /** Whether a person wants measures: then what ends is measured by itself. */
  #wanted = false;

  /** @param measure asks for the measures of runs. */
  constructor(root: ParentNode, measure: (runs: readonly RunId[]) => void) {
    this.#element = find(root, '#measures');
    this.#measure = measure;
    this.#button = find(this.#element, '.measure');
    this.#button.addEventListener('click', () => {
      this.#wanted = true;
      this.#ask(this.#runs);
    });
    find(this.#element, '.csv').addEventListener('click', () => this.#save());
    const head = columns.map(({ title, about }) =>
      Object.assign(document.createElement('th'), {
        textContent: title,
        title: about,
        scope: 'col',
      }),
    );
    find(this.#element, 'thead tr').append(...head);
  }

  /** A run is another one, or gone. */
  forget(run: RunId): void {
    this.#measured.delete(run);
    this.#waiting.delete(run);
  }

  hear(report: Measured): void {
    this.#measured.set(report.run, report);
    this.#waiting.delete(report.run);
  }

  /** It could not be measured. */
  fail(run: RunId): void {
    this.#waiting.delete(run);
    this.#wanted = false;
  }

  /** What is asked of an engine that is gone is not answered. */
  failAll(): void {
    this.#waiting.clear();
  }

  show(runs: readonly ShownRun[]): void {
    this.#runs = runs;
    this.#element.hidden = runs.length === 0;
    if (this.#wanted) {
      this.#ask(
        runs.filter(
          ({ run, state, step }) => state === 'finished' && this.#measured.get(run)?.step !== step,
        ),
      );
    }
    const busy = this.#waiting.size > 0;
    this.#button.disabled = busy || runs.every(({ step }) => step === 0);
    setText(
      this.#button,
      busy ? 'Measuring…' : this.#measured.size > 0 ? 'Measure again' : 'Measure',
    );
    const body = find(this.#element, 'tbody');
    while (body.childElementCount > runs.length) body.lastElementChild!.remove();
    while (body.childElementCount < runs.length) body.append(this.#row());
    runs.forEach((run, i) => {
      this.#showRun(body.children[i] as HTMLElement, run);
    });
  }

  #ask(runs: readonly ShownRun[]): void {
    const asked = runs.map(({ run }) => run).filter((run) => !this.#waiting.has(run));
    if (asked.length === 0) return;
    for (const run of asked) this.#waiting.add(run);
    this.#measure(asked);
  }

  #row(): HTMLElement {
    const row = instantiate('measured-run');
    row.append(...columns.map(() => document.createElement('td')));
    return row;
  }

  #showRun(row: HTMLElement, run: ShownRun): void {
    row.dataset.run = run.run;
    setText(find(row, 'th'), lineOf(run.name));
    const measured = this.#measured.get(run.run);
    const old = measured !== undefined && measured.step !== run.step;
    columns.forEach(({ id, title, value, words = short }, i) => {
      const cell = row.querySelectorAll('td')[i]!;
      cell.dataset.measure = id;
      cell.dataset.title = title;
      const known = value(run, measured?.measures);
      setText(cell, known === undefined ? '–' : words(known, measured?.measures));
      const dated = old && value(run, undefined) === undefined && known !== undefined;
      cell.classList.toggle('old', dated);
      cell.title = dated ? `At step ${measured.step}` : '';
    });
  }

  #save(): void {
    const header = ['run', 'prompt', 'seed', 'step', 'measured_at', ...columns.map(({ id }) => id)];
    const lines = this.#runs.map((run) => {
      const measured = this.#measured.get(run.run);
      const { prompt, seed } = run.settings;
      const values = columns.map(({ value }) => value(run, measured?.measures) ?? '');
      const names = [quoted(lineOf(run.name)), quoted(prompt), seed, run.step];
      return [...names, measured?.step ?? '', ...values, measured?.measures.captions ?? ''].join();
    });
    const text = `${[[...header, 'captions'].join(), ...lines].join('\n')}\n`;
    download('comparison.csv', new TextEncoder().encode(text));
  }
}

/** A text as a field of a table: a spreadsheet takes one that begins like a formula for one. */
const quoted = (text: string) => `"${text.replace(/^(?=[=+\-@])/, "'").replaceAll('"', '""')}"`;
