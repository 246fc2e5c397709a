/** One GAN on the plane: what the discriminator says, where it would move samples, and the samples. */
import type { Field, Gan } from '../../networks/gan';
import { batch, gridSide } from '../../networks/gan_graphs';
import type { GanLoss, GanLossId } from '../../networks/gan_losses';
import { colourOf, html } from '../../page/elements';
import { tex } from '../../page/tex';
import { coverage } from '../../plane/measures';
import type { PlaneMixture } from '../../plane/mixture';
import { sample } from '../../plane/mixture_fit';
import { edge } from '../../plane/targets';
import { wasserstein1 } from '../../plane/wasserstein';
import { PlaneView, type Relief } from '../plane/view';

export const ganColours: Readonly<Record<GanLossId, string>> = {
  saturating: '--copper',
  nonsaturating: '--cochineal',
  squares: '--ochre',
  clipped: '--lapis',
  penalised: '--verdigris',
};

export interface GanHistory {
  readonly step: number[];
  readonly covered: number[];
  readonly distance: number[];
  readonly discriminator: number[];
}

const empty = (): GanHistory => ({ step: [], covered: [], distance: [], discriminator: [] });

/** Samples that a distance is measured on: the matching takes their cube. */
const measured = 64;
/** Steps between two measurements. */
const every = 5;

export class GanPane {
  readonly element: HTMLElement;
  readonly loss: GanLoss<GanLossId>;
  readonly view: PlaneView;
  history = empty();
  gan: Gan | undefined;
  readonly #figures = html('p', { class: 'figures' });

  constructor(loss: GanLoss<GanLossId>) {
    this.loss = loss;
    this.view = new PlaneView(`${loss.title}: samples and discriminator`);
    const formulas = html('p', { class: 'formula two', tabindex: '0' });
    formulas.append(tex(loss.formulas[0]), tex(loss.formulas[1]));
    this.element = html(
      'article',
      { class: 'plane-pane' },
      html('div', { class: 'plane' }, this.view.canvas),
      html('h3', {}, loss.title),
      formulas,
      html('p', { class: 'summary', title: loss.source }, loss.summary),
      this.#figures,
    );
    this.element.style.setProperty('--colour', `var(${ganColours[loss.id]})`);
  }

  begin(gan: Gan): void {
    this.gan = gan;
    this.history = empty();
  }

  async draw(relief: Relief, target: PlaneMixture): Promise<void> {
    const { gan } = this;
    if (!gan) return;
    const [field, samples] = [await gan.field(), await gan.samples()];
    const { step, history } = this;
    const last = history.step.at(-1);
    if (last === undefined || step < last || step >= last + every) this.#note(gan, samples, target);
    this.view.clear(relief);
    this.#shade(field);
    this.#slopes(field);
    this.view.dots(Float64Array.from(samples), colourOf(this.element, ganColours[this.loss.id]), 4);
    const modes = target.x.length;
    const covered = Math.round(history.covered.at(-1)! * modes);
    const distance = history.distance.at(-1)!.toFixed(2);
    this.#figures.textContent = `Step ${step}: ${covered} of ${modes} modes · W₁ ${distance}`;
    this.#figures.title = `W₁ between ${measured} of ${batch} samples and as many of the target`;
  }

  get step(): number {
    return this.gan?.step ?? 0;
  }

  #note(gan: Gan, samples: Float32Array, target: PlaneMixture): void {
    const { history } = this;
    const few = Float64Array.from(samples.subarray(0, 2 * measured));
    history.step.push(gan.step);
    history.covered.push(coverage(target, Float64Array.from(samples)).covered);
    history.distance.push(wasserstein1(few, sample(target, measured, 1, 0)));
    history.discriminator.push(gan.losses.discriminator);
  }

  /** The discriminator's values as a veil: the accent where it is high, ink where it is low. */
  #shade({ value }: Field): void {
    const order = [...value].sort((a, b) => a - b);
    const middle = order[order.length >> 1]!;
    const span = Math.max(1e-6, order.at(-1)! - order[0]!);
    const [high, low] = [colourOf(this.element, '--verdigris'), colourOf(this.element, '--copper')];
    this.view.cells(gridSide, (cell) => {
      const share = (value[cell]! - middle) / span;
      return [share > 0 ? high : low, 0.4 * Math.min(1, Math.abs(share) * 1.6)];
    });
  }

  #slopes({ slope }: Field): void {
    const apart = 3;
    const places: number[] = [];
    const vectors: number[] = [];
    const lengths = Array.from({ length: gridSide ** 2 }, (_, cell) =>
      Math.hypot(slope[2 * cell]!, slope[2 * cell + 1]!),
    );
    const most = Math.max(1e-9, ...lengths);
    for (let row = 1; row < gridSide; row += apart) {
      for (let column = 1; column < gridSide; column += apart) {
        const cell = row * gridSide + column;
        const at = (k: number) => edge * ((2 * (k + 0.5)) / gridSide - 1);
        places.push(at(column), -at(row));
        vectors.push(slope[2 * cell]! / most, slope[2 * cell + 1]! / most);
      }
    }
    const arrows = {
      colour: colourOf(this.element, '--muted'),
      vectors: Float64Array.from(vectors),
    };
    this.view.arrows(Float64Array.from(places), arrows, 0.45, Number.POSITIVE_INFINITY);
  }
}
