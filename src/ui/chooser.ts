import { inWords } from '../errors';
import type { Command } from '../protocol/messages';
import { SettingsError } from '../settings';
import { type Choices, firstChoices } from './choices';
import { CompareMenu } from './compare_menu';
import { find } from './dom';
import { ExemplarChoice, sourcesOf, withSource } from './exemplar_choice';
import { Panel } from './panel';
import { type FormAction, PromptForm } from './prompt_form';
import { RunChips } from './run_chips';
import { fromHash, toHash } from './share';

export interface ChooserListeners {
  /** Something else is chosen. */
  readonly choose: (choices: Choices) => void;
  readonly act: (action: FormAction) => void;
  /** Runs were put side by side, to be compared. */
  readonly compare: () => void;
  readonly refuse: (message: string) => void;
  readonly send: (command: Command, transfer?: Transferable[]) => void;
}

/** What a visitor chooses for the next start, by the prompt's form, chips, panel, exemplars, comparisons and address. */
export class Chooser {
  readonly form: PromptForm;
  readonly exemplar: ExemplarChoice;
  readonly #chips: RunChips;
  readonly #panel: Panel;
  readonly #listeners: ChooserListeners;
  #choices: Choices = firstChoices;

  constructor(root: ParentNode, listeners: ChooserListeners) {
    this.#listeners = listeners;
    const change = (part: Partial<Choices>) => this.choose({ ...this.#choices, ...part });
    const { act, refuse, send } = listeners;
    this.form = new PromptForm(root, this.#choices, { change, act });
    this.#chips = new RunChips(root, {
      change,
      openSettings: (place) => {
        this.#panel.openFor(place);
        this.#showSettingsButton();
      },
    });
    this.#panel = new Panel(find(root, '#panel'), this.#choices, { change, refuse });
    this.exemplar = new ExemplarChoice(root, {
      choose: (of, source) => this.choose(withSource(this.#choices, of, source)),
      send,
    });
    new CompareMenu(root, ({ runs }) => {
      change({ runs: runs(this.#choices) });
      listeners.compare();
    });
    find(root, '#settings').addEventListener('click', () => {
      this.#panel.open = !this.#panel.open;
      this.#showSettingsButton();
    });
    // Another address is another choice for the next start; the runs that there are go on.
    addEventListener('hashchange', () => {
      if (location.hash.slice(1) !== toHash(this.#choices)) this.chooseLinked();
    });
  }

  get choices(): Choices {
    return this.#choices;
  }

  /** Chooses what the address holds; says what was not understood of it, and that is left out. */
  chooseLinked(): void {
    let linked = this.#choices;
    try {
      linked = fromHash(location.hash);
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      this.#listeners.refuse(
        `The link was not understood: ${inWords(error)} The page stays as it is.`,
      );
    }
    this.choose(linked);
  }

  choose(choices: Choices): void {
    this.#choices = choices;
    this.form.show(choices);
    this.exemplar.show(choices, sourcesOf(choices));
    this.#chips.show(choices);
    this.#panel.show(choices);
    const hash = toHash(choices);
    history.replaceState(null, '', hash ? `#${hash}` : location.pathname + location.search);
    this.#listeners.choose(choices);
  }

  #showSettingsButton(): void {
    find(document, '#settings').setAttribute('aria-expanded', String(this.#panel.open));
  }
}
