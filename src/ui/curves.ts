import type uPlot from 'uplot';
import { find, setText } from './dom';
import type { History, Measure } from './history';
import { Segments } from './segments';

interface Curve {
  readonly measure: Measure;
  readonly name: string;
}

/** What can be plotted together: quantities of one kind. */
const groups = {
  terms: {
    name: 'Terms',
    title: 'Sizes of the two terms of the gradient',
    curves: [
      { measure: 'term_dm', name: 'DM term' },
      { measure: 'term_cfg', name: 'CFG term' },
    ],
  },
  gradient: {
    name: 'Gradient',
    title: "Norm of the views' gradient",
    curves: [{ measure: 'gradient', name: 'Norm' }],
  },
  variance: {
    name: 'Variance',
    title: "Variance of the gradient's norm over 25 steps",
    curves: [{ measure: 'gradient_variance', name: 'Variance' }],
  },
  fake: {
    name: 'Fake score',
    title: 'What the LoRA of ψ learns: its loss and the norm of its gradient',
    curves: [
      { measure: 'fake_loss', name: 'Loss' },
      { measure: 'fake_gradient', name: 'Gradient' },
    ],
  },
  fit: {
    name: 'Fit',
    title: 'Mean error of the rays that a step fits to the drawn views',
    curves: [{ measure: 'fit_loss', name: 'Error' }],
  },
  time: {
    name: 'Time',
    title: 'Milliseconds of the parts of a step',
    curves: [
      { measure: 'denoiser_ms', name: 'Denoiser' },
      { measure: 'generator_ms', name: 'Generator' },
      { measure: 'rest_ms', name: 'Rest' },
    ],
  },
} as const satisfies Record<
  string,
  { readonly name: string; readonly title: string; readonly curves: readonly Curve[] }
>;

type Group = keyof typeof groups;
type Axis = 'step' | 'timestep';

const height = 240;

/** The curves of a run, large: by step or by noise level, to zoom into by dragging. */
export class Curves {
  readonly #place: HTMLElement;
  readonly #choice: HTMLElement;
  #history: History | undefined;
  #library: typeof uPlot | undefined;
  #plot: uPlot | undefined;
  #group: Group = 'terms';
  #axis: Axis = 'step';

  constructor(root: HTMLElement) {
    this.#place = find(root, '.curves');
    this.#choice = find(root, '#curve-group');
    const axes = [
      { value: 'step', name: 'by step', title: 'In the order of the steps' },
      { value: 'timestep', name: 'by τ', title: 'By the noise level that a step drew' },
    ] as const;
    new Segments<Axis>(find(root, '#curve-axis'), axes, (axis) => {
      this.#axis = axis;
      this.#rebuild();
    }).value = this.#axis;
    new ResizeObserver(() => {
      const width = this.#place.clientWidth;
      if (width > 0) this.#plot?.setSize({ width, height });
    }).observe(this.#place);
  }

  /** Shows the curves of a run; the library comes with the first. */
  async show(history: History): Promise<void> {
    this.#history = history;
    const { default: library } = await import('uplot');
    this.#library = library;
    if (this.#history !== history) return;
    this.#offer();
    this.#rebuild();
  }

  draw(): void {
    if (this.#choice.childElementCount !== this.#known().length) this.#offer();
    // A part that is zoomed into stays as it is.
    if (this.#plot) this.#plot.setData(this.#data(), this.#isWhole());
  }

  /** The groups of which there is something to show. */
  #known(): Group[] {
    const isKnown = (group: Group) =>
      groups[group].curves.some(({ measure }) => this.#history?.has(measure));
    return (Object.keys(groups) as Group[]).filter(isKnown);
  }

  #offer(): void {
    const known = this.#known();
    if (!known.includes(this.#group)) this.#group = known[0] ?? this.#group;
    const segments = known.map((value) => ({
      value,
      name: groups[value].name,
      title: groups[value].title,
    }));
    const choose = (group: Group) => {
      this.#group = group;
      this.#rebuild();
    };
    new Segments<Group>(this.#choice, segments, choose).value = this.#group;
    this.#rebuild();
  }

  #isWhole(): boolean {
    const { min, max } = this.#plot!.scales.x!;
    const [x] = this.#plot!.data;
    return (
      min === undefined || max === undefined || (min <= (x[0] ?? min) && max >= (x.at(-1) ?? max))
    );
  }

  #rebuild(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
    if (!this.#library || this.#place.clientWidth === 0) return;
    const tones = ['--accent', '--muted', '--lapis'].map((name) => this.#colour(name));
    const axis = { stroke: tones[1]!, grid: { stroke: this.#colour('--line') } };
    const points = this.#axis === 'timestep';
    this.#plot = new this.#library(
      {
        width: this.#place.clientWidth,
        height,
        scales: { x: { time: false } },
        axes: [axis, { ...axis, size: 64 }],
        series: [
          { label: this.#axis === 'step' ? 'Step' : 'τ' },
          ...groups[this.#group].curves.map(({ name }, i) => ({
            label: name,
            stroke: tones[i]!,
            width: 1.5,
            ...(points && { paths: () => null, points: { show: true, size: 4 } }),
          })),
        ],
      },
      this.#data(),
      this.#place,
    );
    setText(find(this.#place.parentElement!, '.curve-about'), groups[this.#group].title);
  }

  /** A colour of the style sheet as a canvas takes it. */
  #colour(name: string): string {
    const probe = document.createElement('i');
    probe.style.color = `var(${name})`;
    this.#place.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  }

  #data(): uPlot.AlignedData {
    const history = this.#history;
    if (!history) return [[]];
    const columns = groups[this.#group].curves.map(({ measure }) => history.column(measure));
    if (this.#axis === 'step') return [[...history.steps], ...columns.map((column) => [...column])];
    const levels = history.column('timestep');
    const order = levels.map((_, i) => i).sort((a, b) => levels[a]! - levels[b]!);
    const sorted = (column: readonly (number | null)[]) => order.map((i) => column[i] ?? null);
    return [order.map((i) => levels[i]!), ...columns.map(sorted)];
  }
}
