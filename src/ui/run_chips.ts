import { type MethodId, methodOf, methods } from '../settings';
import { type Choices, draftOf, mostRuns, type RunChoice } from './choices';
import { find, instantiate, setText } from './dom';
import { runIdAt } from './run_ids';
import { lineOf, runNames } from './run_names';

export interface ChipListeners {
  readonly change: (part: Pick<Choices, 'runs'>) => void;
  /** The settings of the run at a place are asked for. */
  readonly openSettings: (place: number) => void;
}

/** The runs of the next start, a chip for each: its method, and what else differs from the others. */
export class RunChips {
  readonly #list: HTMLElement;
  readonly #add: HTMLButtonElement;
  readonly #listeners: ChipListeners;
  readonly #chips: HTMLElement[] = [];
  #runs: readonly RunChoice[] = [];

  constructor(root: ParentNode, listeners: ChipListeners) {
    this.#list = find(root, '#runs');
    this.#add = find(this.#list, '.add');
    this.#listeners = listeners;
    this.#add.addEventListener('click', () =>
      listeners.change({ runs: [...this.#runs, this.#runs.at(-1)!] }),
    );
  }

  show(choices: Choices): void {
    this.#runs = choices.runs;
    while (this.#chips.length < choices.runs.length) this.#chips.push(this.#make());
    while (this.#chips.length > choices.runs.length) this.#chips.pop()!.remove();
    const names = runNames(choices.runs.map((run) => draftOf(choices, run)));
    this.#chips.forEach((chip, i) => {
      const { title, summary } = methodOf(choices.runs[i]!.method);
      const select = find<HTMLSelectElement>(chip, 'select');
      select.value = choices.runs[i]!.method;
      select.title = `${title}: ${summary}`;
      setText(find(chip, '.differs'), names[i]!.differs.join(' · '));
      const settings = find(chip, '.settings');
      settings.title = `Settings of ${lineOf(names[i]!)} alone`;
      settings.setAttribute('aria-label', settings.title);
      find(chip, '.remove').hidden = choices.runs.length === 1;
    });
    this.#add.disabled = choices.runs.length >= mostRuns;
  }

  #make(): HTMLElement {
    const place = this.#chips.length;
    const chip = instantiate('run-chip');
    chip.dataset.run = runIdAt(place);
    const select = find<HTMLSelectElement>(chip, 'select');
    select.setAttribute('aria-label', `Method of run ${place + 1}`);
    select.append(
      ...methods.map(({ id, title, summary }) =>
        Object.assign(new Option(title, id), { title: summary }),
      ),
    );
    select.addEventListener('change', () => this.#setMethod(place, select.value as MethodId));
    find(chip, '.settings').addEventListener('click', () => this.#listeners.openSettings(place));
    const remove = find(chip, '.remove');
    remove.setAttribute('aria-label', `Remove run ${place + 1}`);
    remove.addEventListener('click', () =>
      this.#listeners.change({ runs: this.#runs.toSpliced(place, 1) }),
    );
    this.#add.before(chip);
    return chip;
  }

  #setMethod(place: number, method: MethodId): void {
    this.#listeners.change({ runs: this.#runs.with(place, { ...this.#runs[place]!, method }) });
  }
}
