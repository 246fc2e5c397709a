import type { Command, Report, ShownPhrase, UnknownWord } from '../protocol/messages';
import { find, setText } from './dom';
import { pictureOf } from './picture';

type Taught = Extract<Report, { type: 'taught' }>;
type Checked = Extract<Report, { type: 'checked' }>;

/** Milliseconds without a letter after which a word counts as typed. */
const pause = 400;

export interface KnownWordsListeners {
  readonly send: (command: Command) => void;
  /** Takes another prompt. */
  readonly choose: (prompt: string) => void;
}

/** What the prior was taught: to browse by kind, and to be told at once of a word that it was not. */
export class KnownWords {
  readonly #dialog: HTMLDialogElement;
  readonly #search: HTMLInputElement;
  readonly #unknown: HTMLElement;
  readonly #listeners: KnownWordsListeners;
  #prompt = '';
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(root: ParentNode, listeners: KnownWordsListeners) {
    this.#dialog = find(root, '#known-words');
    this.#search = find(this.#dialog, '[type=search]');
    this.#unknown = find(root, '#unknown-words');
    this.#listeners = listeners;
    find(root, '#browse').addEventListener('click', () => this.#open());
    find(this.#dialog, '.close').addEventListener('click', () => this.#dialog.close());
    this.#dialog.addEventListener('click', ({ target }) => {
      if (target === this.#dialog) this.#dialog.close();
    });
    this.#search.addEventListener('input', () => this.#look());
    find(root, '#prompt').addEventListener('input', ({ target }) => {
      const { value } = target as HTMLInputElement;
      this.#later(() => {
        if (value.trim()) listeners.send({ type: 'check', prompt: value });
      });
    });
  }

  /** The prompt as it is now: what was said of another is no longer shown. */
  show(prompt: string): void {
    if (prompt !== this.#prompt) this.#unknown.hidden = true;
    this.#prompt = prompt;
  }

  hear(report: Taught | Checked): void {
    if (report.type === 'checked') {
      if (report.prompt === this.#prompt) this.#say(report.unknown);
      return;
    }
    if (report.words !== this.#search.value) return;
    const list = find(this.#dialog, 'ul');
    list.replaceChildren(...report.phrases.map((phrase) => this.#tile(phrase)));
    list.scrollTop = 0;
    const kinds = 'Kinds of objects that the model was taught, those it knows best first.';
    const found =
      report.phrases.length > 0 ? 'Choose one as the prompt.' : 'It was taught no such thing.';
    setText(find(this.#dialog, '.about'), report.words.trim() ? found : kinds);
  }

  #open(): void {
    this.#search.value = '';
    setText(find(this.#dialog, '.about'), 'Opening the library…');
    this.#dialog.showModal();
    this.#look();
  }

  #look(): void {
    this.#listeners.send({ type: 'browse', words: this.#search.value });
  }

  #tile({ phrase, count, noun, image }: ShownPhrase): HTMLElement {
    const item = document.createElement('li');
    const button = document.createElement('button');
    button.type = 'button';
    const name = Object.assign(document.createElement('span'), { textContent: noun ?? phrase });
    const many = Object.assign(document.createElement('small'), {
      textContent: count === 1 ? 'one object' : `${count} objects`,
    });
    button.append(pictureOf(image), name, many);
    button.addEventListener('click', () => {
      if (noun === undefined) {
        this.#dialog.close();
        this.#listeners.choose(phrase);
        return;
      }
      this.#search.value = noun;
      this.#look();
    });
    item.append(button);
    return item;
  }

  #say(unknown: readonly UnknownWord[]): void {
    this.#unknown.hidden = unknown.length === 0;
    this.#unknown.replaceChildren(
      ...unknown.flatMap(({ word, nearest }) => {
        const told = `The model was not taught “${word}”. `;
        return nearest === undefined
          ? [told]
          : [`${told}Nearest: `, this.#instead(word, nearest), ' '];
      }),
    );
  }

  /** What puts the nearest word in place of one that is not known. */
  #instead(word: string, nearest: string): HTMLElement {
    const button = Object.assign(document.createElement('button'), { textContent: nearest });
    button.type = 'button';
    button.addEventListener('click', () => {
      const where = new RegExp(`(?<![\\p{L}])${word}(?![\\p{L}])`, 'giu');
      this.#listeners.choose(this.#prompt.replace(where, () => nearest));
    });
    return button;
  }

  #later(act: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, pause);
  }
}
