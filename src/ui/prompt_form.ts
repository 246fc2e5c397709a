import type { SessionState } from '../protocol/messages';
import {
  type GeneratorId,
  generators,
  makeSettings,
  maxPromptLength,
  type Preset,
  presetOf,
} from '../settings';
import type { Choices } from './choices';
import { find, setText } from './dom';
import { Segments } from './segments';

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
  dreamfusion: 'DreamFusion',
  prolificdreamer: 'ProlificDreamer',
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

export type FormAction = 'start' | 'pause' | 'resume' | 'step' | 'reset' | 'sample';

export interface FormListeners {
  readonly change: (part: Partial<Choices>) => void;
  readonly act: (action: FormAction) => void;
}

/** The prompt, what stands beside it, and the buttons. It is a view: it holds no choices of its own. */
export class PromptForm {
  readonly #prompt: HTMLInputElement;
  readonly #error: HTMLElement;
  readonly #generator: Segments<GeneratorId>;
  readonly #preset: HTMLSelectElement;
  readonly #seed: HTMLInputElement;
  readonly #start: HTMLButtonElement;
  readonly #reset: HTMLButtonElement;
  readonly #oneStep: HTMLButtonElement;
  readonly #listeners: FormListeners;
  #state: SessionState = 'idle';

  constructor(root: ParentNode, choices: Choices, listeners: FormListeners) {
    this.#listeners = listeners;
    this.#prompt = find(root, '#prompt');
    this.#error = find(root, '#prompt-error');
    this.#generator = new Segments(
      find(root, '#generator'),
      generators.map(({ id, title, summary }) => ({ value: id, name: title, title: summary })),
      (generator) => listeners.change({ generator }),
    );
    this.#preset = find(root, '#preset');
    this.#seed = find(root, '#seed');
    this.#start = find(root, '#start');
    this.#reset = find(root, '#reset');
    this.#oneStep = find(root, '#one-step');
    this.#preset.append(
      ...Object.entries(presetNames).map(([value, text]) => new Option(text, value)),
    );
    find(root, '.examples').prepend(...examples.map((example) => this.#example(example)));
    find(root, '#sample').addEventListener('click', () => listeners.act('sample'));
    this.#listen(find<HTMLFormElement>(root, '#ask'), find(root, '#dice'));
    this.show(choices);
    this.enter('idle');
  }

  show(choices: Choices): void {
    // A text that is set again would move the caret.
    if (this.#prompt.value !== choices.prompt) this.#prompt.value = choices.prompt;
    this.#seed.value = String(choices.seed);
    for (const option of this.#preset.options) {
      const preset = option.value as Preset;
      setText(option, `${presetNames[preset]}, ${stepsOf(preset, choices.generator)} steps`);
    }
    this.#preset.value = choices.preset;
    this.#generator.value = choices.generator;
  }

  enter(state: SessionState): void {
    this.#state = state;
    const [label] = actions[state];
    setText(this.#start, label);
    this.#start.disabled = state === 'preparing';
    this.#reset.disabled = state === 'idle';
    this.#oneStep.hidden = state !== 'paused';
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
    this.#oneStep.addEventListener('click', () => this.#listeners.act('step'));
    this.#reset.addEventListener('click', () => this.#listeners.act('reset'));
    this.#prompt.addEventListener('input', () => {
      this.refuse('');
      this.#listeners.change({ prompt: this.#prompt.value });
    });
    this.#prompt.maxLength = maxPromptLength;
    this.#preset.addEventListener('change', () =>
      this.#listeners.change({ preset: this.#preset.value as Preset }),
    );
    this.#seed.addEventListener('change', () =>
      this.#listeners.change({ seed: this.#seedTyped() }),
    );
    dice.addEventListener('click', () =>
      this.#listeners.change({ seed: Math.floor(Math.random() * 10_000) }),
    );
  }

  #example(example: string): HTMLButtonElement {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = example;
    button.addEventListener('click', () => {
      this.refuse('');
      this.#listeners.change({ prompt: example });
    });
    return button;
  }

  /** A whole number that a seed may be, whatever was typed. */
  #seedTyped(): number {
    const seed = Math.trunc(Math.abs(this.#seed.valueAsNumber)) % 2 ** 32 || 0;
    return seed;
  }
}

const stepsOf = (preset: Preset, generator: GeneratorId) =>
  makeSettings(presetOf(preset), { prompt: 'any', generator }).steps;
