/** One method on the plane, with its formula and its figures. */
import { colourOf, html } from '../../page/elements';
import { tex } from '../../page/tex';
import { blur, coverage, klOf } from '../../plane/measures';
import type { PlaneMethod, PlaneMethodId } from '../../plane/methods';
import type { PlaneSettings } from '../../plane/settings';
import { Simulation } from '../../plane/simulation';
import type { Target } from '../../plane/targets';
import { PlaneView, type Relief } from './view';

/** Colours of the methods, in the table's order. */
export const methodColours: Readonly<Record<PlaneMethodId, string>> = {
  sds: '--copper',
  asd: '--ochre',
  csd: '--slate',
  vsd: '--verdigris',
  dmd: '--lapis',
  decoupled: '--sage',
  gan: '--cochineal',
};

/** Most points of a curve: beyond, every other is dropped. */
const most = 400;

/** What a method's run was like, at some of its steps. */
export interface History {
  step: number[];
  covered: number[];
  kl: number[];
  variance: number[];
}

export class Pane {
  readonly element: HTMLElement;
  readonly view: PlaneView;
  readonly method: PlaneMethod<PlaneMethodId>;
  record: History = { step: [], covered: [], kl: [], variance: [] };
  #simulation: Simulation;
  readonly #figures = html('p', { class: 'figures' });
  readonly #colour: string;
  #every = 5;

  constructor(method: PlaneMethod<PlaneMethodId>, target: Target, settings: PlaneSettings) {
    this.method = method;
    this.view = new PlaneView(`${method.title}: particles on the target`);
    this.#colour = methodColours[method.id];
    this.#simulation = new Simulation(method, target, settings);
    const formula = html('p', { class: 'formula', tabindex: '0' });
    formula.append(tex(method.formula));
    this.element = html(
      'article',
      { class: 'plane-pane' },
      html('div', { class: 'plane' }, this.view.canvas),
      html('h3', {}, method.title),
      formula,
      html('p', { class: 'summary', title: method.source }, method.summary),
      this.#figures,
    );
    this.element.style.setProperty('--colour', `var(${this.#colour})`);
  }

  begin(target: Target, settings: PlaneSettings, logTarget: Float64Array): void {
    this.#simulation = new Simulation(this.method, target, settings);
    this.record = { step: [], covered: [], kl: [], variance: [] };
    this.#every = 5;
    this.#simulation.measure();
    this.#note(logTarget);
  }

  set settings(settings: PlaneSettings) {
    this.#simulation.settings = settings;
  }

  /** Steps taken. */
  get step(): number {
    return this.#simulation.step;
  }

  advance(logTarget: Float64Array): void {
    this.#simulation.advance();
    if (this.#simulation.step % this.#every === 0) this.#note(logTarget);
  }

  #note(logTarget: Float64Array): void {
    const { record } = this;
    const { step, positions, target, variance } = this.#simulation;
    record.step.push(step);
    record.covered.push(coverage(target.asked, positions).covered);
    record.kl.push(klOf(positions, logTarget));
    record.variance.push(variance);
    if (record.step.length < most) return;
    const thinned = (list: number[]) => list.filter((_, i) => i % 2 === 0);
    this.record = {
      step: thinned(record.step),
      covered: thinned(record.covered),
      kl: thinned(record.kl),
      variance: thinned(record.variance),
    };
    this.#every *= 2;
  }

  draw(relief: Relief, settings: PlaneSettings, arrows: boolean): void {
    const { positions, terms, target } = this.#simulation;
    const colour = colourOf(this.element, this.#colour);
    this.view.clear(relief);
    if (settings.width > 0) this.view.rings(positions, colour, settings.width);
    this.view.dots(positions, colour, positions.length <= 8 ? 8 : 4.2);
    if (arrows) {
      for (const [name, vectors] of [
        ['--ink', terms.matching],
        ['--cochineal', terms.guidance],
      ] as const) {
        const colourOfTerm = colourOf(this.element, name);
        this.view.arrows(positions, { colour: colourOfTerm, vectors }, -0.25);
      }
    }
    const { covered, atModes } = coverage(target.asked, positions);
    const modes = target.asked.x.length;
    const kl = this.record.kl.at(-1) ?? Number.NaN;
    const said = [
      `${Math.round(covered * modes)} of ${modes} modes`,
      `${Math.round(100 * atModes)} % at one`,
      `KL ${kl.toFixed(2)}`,
    ];
    this.#figures.textContent = said.join(' · ');
    this.#figures.title = `KL(q ‖ p), both blurred by ${blur}`;
  }
}
