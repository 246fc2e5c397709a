import type { SessionState } from '../protocol/messages';
import { type MethodId, makeSettings, maxPromptLength, type Preset, presetOf } from '../settings';
import type { Choices } from './choices';
import { find, setText } from './dom';

const examples = [
  'a pine tree',
  'a house',
  'a chair',
  'a cactus',
  'a wooden barrel',
  'a round table',
] as const;

const presetNames: Readonly<Record<Preset, string>> = {
  default: 'Standard',
  fast: 'Fast',
  high: 'High',
  tiny: 'Tiny',
};

/** What the main button does in each state. */
const actions: Readonly<Record<SessionState, readonly [label: string, action: FormAction]>> = {
  idle: ['Start', 'start'],
  preparing: ['Preparing…', 'start'],
  training: ['Pause', 'pause'],
  paused: ['Resume', 'resume'],
  finished: ['Start again', 'start'],
};

export type FormAction = 'start' | 'pause' | 'resume' | 'reset' | 'sample';

export interface FormListeners {
  readonly change: (choices: Choices) => void;
  readonly act: (action: FormAction) => void;
}

/** The prompt, what stands beside it, and the buttons. */
export class PromptForm {
  readonly #prompt: HTMLInputElement;
  readonly #error: HTMLElement;
  readonly #methods: readonly HTMLInputElement[];
  readonly #preset: HTMLSelectElement;
  readonly #seed: HTMLInputElement;
  readonly #start: HTMLButtonElement;
  readonly #reset: HTMLButtonElement;
  readonly #listeners: FormListeners;
  #choices: Choices;
  #state: SessionState = 'idle';

  constructor(root: ParentNode, choices: Choices, listeners: FormListeners) {
    this.#choices = choices;
    this.#listeners = listeners;
    this.#prompt = find(root, '#prompt');
    this.#error = find(root, '#prompt-error');
    this.#methods = [...root.querySelectorAll<HTMLInputElement>('input[name=methods]')];
    this.#preset = find(root, '#preset');
    this.#seed = find(root, '#seed');
    this.#start = find(root, '#start');
    this.#reset = find(root, '#reset');
    this.#preset.append(
      ...Object.entries(presetNames).map(
        ([value, text]) => new Option(`${text}, ${stepsOf(value as Preset)} steps`, value),
      ),
    );
    find(root, '.examples').append(...examples.map((example) => this.#example(example)));
    find(root, '#sample').addEventListener('click', () => listeners.act('sample'));
    this.#listen(find<HTMLFormElement>(root, '#ask'), find(root, '#dice'));
    this.show(choices);
    this.enter('idle');
  }

  show(choices: Choices): void {
    this.#choices = choices;
    this.#prompt.value = choices.prompt;
    this.#seed.value = String(choices.seed);
    this.#preset.value = choices.preset;
    for (const radio of this.#methods) radio.checked = radio.value === choices.methods.join();
  }

  enter(state: SessionState): void {
    this.#state = state;
    const [label] = actions[state];
    setText(this.#start, label);
    this.#start.disabled = state === 'preparing';
    this.#reset.disabled = state === 'idle';
  }

  /** Why the prompt cannot be used, under it; nothing when it can. */
  refuse(message: string): void {
    this.#error.hidden = message === '';
    setText(this.#error, message);
    this.#prompt.setAttribute('aria-invalid', String(message !== ''));
    if (message) this.#prompt.focus();
  }

  /** Does what the main button does. */
  act(): void {
    if (this.#state !== 'preparing') this.#listeners.act(actions[this.#state][1]);
  }

  #listen(form: HTMLFormElement, dice: HTMLElement): void {
    // Enter in the prompt always starts what was typed; the button may pause.
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.#state === 'preparing') return;
      if (event.submitter === this.#start && document.activeElement !== this.#prompt) this.act();
      else this.#listeners.act('start');
    });
    this.#reset.addEventListener('click', () => this.#listeners.act('reset'));
    this.#prompt.addEventListener('input', () => {
      this.refuse('');
      this.#change({ prompt: this.#prompt.value });
    });
    this.#prompt.maxLength = maxPromptLength;
    for (const radio of this.#methods) {
      radio.addEventListener('change', () =>
        this.#change({ methods: radio.value.split(',') as MethodId[] }),
      );
    }
    this.#preset.addEventListener('change', () =>
      this.#change({ preset: this.#preset.value as Preset }),
    );
    this.#seed.addEventListener('change', () => this.#change({ seed: this.#seedTyped() }));
    dice.addEventListener('click', () => {
      this.#change({ seed: Math.floor(Math.random() * 10_000) });
      this.show(this.#choices);
    });
  }

  #example(example: string): HTMLButtonElement {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = example;
    button.addEventListener('click', () => {
      this.refuse('');
      this.#change({ prompt: example });
      this.show(this.#choices);
    });
    return button;
  }

  /** A whole number that a seed may be, whatever was typed. */
  #seedTyped(): number {
    const seed = Math.trunc(Math.abs(this.#seed.valueAsNumber)) % 2 ** 32 || 0;
    this.#seed.value = String(seed);
    return seed;
  }

  #change(part: Partial<Choices>): void {
    this.#choices = { ...this.#choices, ...part };
    this.#listeners.change(this.#choices);
  }
}

const stepsOf = (preset: Preset) => makeSettings(presetOf(preset), { prompt: 'any' }).steps;
