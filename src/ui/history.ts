import type { SessionReport } from '../protocol/messages';

type StepReport = Extract<SessionReport, { type: 'step' }>['report'];

/** Steps over which the gradient's variance is taken. */
const varianceWindow = 25;

type Read = (report: StepReport) => number | null;

/** A number of the steps of score distillation alone. */
const ofDistilling =
  (read: (report: Extract<StepReport, { act: 'distil' }>) => number | null): Read =>
  (report) =>
    report.act === 'distil' ? read(report) : null;

/** What is remembered of each step, by name. */
const measures = {
  timestep: (report) => {
    if (report.act === 'distil') return report.timesteps.dm;
    return report.act === 'draw' ? report.timestep : null;
  },
  timestep_cfg: ofDistilling(({ timesteps }) => timesteps.cfg),
  term_dm: ofDistilling(({ terms }) => terms.dm),
  term_cfg: ofDistilling(({ terms }) => terms.cfg),
  gradient: ofDistilling(({ gradientNorms }) => gradientNorms.views),
  fake_loss: ofDistilling(({ fake }) => fake?.loss ?? null),
  fake_gradient: ofDistilling(({ fake }) => fake?.gradientNorm ?? null),
  fit_loss: (report) => (report.act === 'fit' ? report.loss : null),
  denoiser_ms: ({ milliseconds }) => milliseconds.denoiser,
  generator_ms: ({ milliseconds }) => milliseconds.generator,
  rest_ms: ({ milliseconds }) => milliseconds.rest,
  calls: ({ calls }) => calls,
  saturations: ({ saturations }) => saturations,
} satisfies Record<string, Read>;

export type Measure = keyof typeof measures | 'gradient_variance';

/** What every step of a run did, for curves and for a table. A run that goes on from a checkpoint tells steps anew. */
export class History {
  readonly steps: number[] = [];
  readonly #columns = new Map<Measure, (number | null)[]>();

  /** Takes a step in; those that were known from it on are told anew. */
  add(report: StepReport): void {
    this.#truncate(report.step);
    this.steps.push(report.step);
    for (const [name, of] of Object.entries(measures)) {
      this.#column(name as Measure).push(of(report));
    }
    this.#column('gradient_variance').push(
      variance(this.column('gradient').slice(-varianceWindow)),
    );
  }

  clear(): void {
    this.#truncate(0);
  }

  column(name: Measure): readonly (number | null)[] {
    return this.#column(name);
  }

  /** Whether a measure was ever taken. */
  has(name: Measure): boolean {
    return this.column(name).some((value) => value !== null);
  }

  /** The sum of a measure over all steps. */
  total(name: Measure): number {
    return this.column(name).reduce<number>((sum, value) => sum + (value ?? 0), 0);
  }

  /** A table with a header, a line for each step. */
  get csv(): string {
    const names = [...this.#columns.keys()];
    const lines = this.steps.map((step, i) =>
      [step, ...names.map((name) => this.column(name)[i] ?? '')].join(),
    );
    return `${[['step', ...names].join(), ...lines].join('\n')}\n`;
  }

  #column(name: Measure): (number | null)[] {
    const known = this.#columns.get(name) ?? [];
    this.#columns.set(name, known);
    return known;
  }

  #truncate(step: number): void {
    const at = this.steps.findIndex((known) => known >= step);
    if (at < 0) return;
    this.steps.length = at;
    for (const column of this.#columns.values()) column.length = at;
  }
}

function variance(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return null;
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  return known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (known.length - 1);
}
