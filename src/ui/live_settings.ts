import type { RunId } from '../protocol/messages';
import type { SettingsChange } from '../protocol/reports';
import { type Settings, scheduled, settingValues } from '../settings';
import { find, instantiate, setText } from './dom';

interface Slider {
  readonly path: string;
  readonly name: string;
  readonly title: string;
  readonly max: number;
  readonly step: number;
  /** What is said beside the value. */
  readonly aside?: (value: number) => string;
}

const sliders: readonly Slider[] = [
  {
    path: 'guidance.lambdaDm',
    name: 'λ_DM',
    title: 'Weight of the distribution-matching term',
    max: 3,
    step: 0.05,
  },
  {
    path: 'guidance.scale',
    name: 'Guidance scale s',
    title: 'Scale of classifier-free guidance: the guidance term weighs λ_CFG = s − 1',
    max: 20,
    step: 0.25,
    aside: (value) => `λ_CFG = ${Number((value - 1).toFixed(2))}`,
  },
  {
    path: 'guidance.minTimestep',
    name: 'Least τ',
    title: "Lower bound of the noise level, as a share of the model's timesteps",
    max: 1,
    step: 0.01,
  },
  {
    path: 'guidance.maxTimestep',
    name: 'Largest τ',
    title: "Upper bound of the noise level, as a share of the model's timesteps",
    max: 1,
    step: 0.01,
  },
];

type Adjust = (run: RunId, path: string, value: number) => void;

/** Sliders that act on a run while it goes on; what they did is part of the run. */
export class LiveSettings {
  readonly #rows: readonly { readonly slider: Slider; readonly element: HTMLElement }[];
  #run: RunId | undefined;

  constructor(place: HTMLElement, adjust: Adjust) {
    this.#rows = sliders.map((slider) => {
      const element = instantiate('live-setting');
      setText(find(element, '.name'), slider.name);
      element.title = slider.title;
      const input = find<HTMLInputElement>(element, 'input');
      input.setAttribute('aria-label', slider.name);
      Object.assign(input, { min: '0', max: String(slider.max), step: String(slider.step) });
      input.addEventListener('input', () => this.#say(element, slider, input.valueAsNumber));
      input.addEventListener('change', () => {
        if (this.#run) adjust(this.#run, slider.path, input.valueAsNumber);
      });
      return { slider, element };
    });
    place.replaceChildren(...this.#rows.map(({ element }) => element));
  }

  /** Shows what a run has at a step. */
  show(run: RunId, settings: Settings, changes: readonly SettingsChange[], step: number): void {
    this.#run = run;
    const values = new Map([
      ...settingValues(settings),
      ...changes
        .filter((change) => change.step <= step)
        .map(({ path, value }) => [path, value] as const),
    ]);
    for (const { slider, element } of this.#rows) {
      const input = find<HTMLInputElement>(element, 'input');
      if (input.matches(':active')) continue;
      const value = values.get(slider.path) as number | readonly [number, number, number, number];
      const now = scheduled(value, step, settings.steps);
      input.value = String(now);
      element.classList.toggle(
        'changed',
        changes.some(({ path }) => path === slider.path),
      );
      this.#say(element, slider, now);
    }
  }

  #say(element: HTMLElement, { aside }: Slider, value: number): void {
    setText(find(element, 'output'), String(Number(value.toFixed(2))));
    setText(find(element, '.aside'), aside?.(value) ?? '');
  }
}
