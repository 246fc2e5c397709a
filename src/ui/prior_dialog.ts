import { inWords, LimbeckError } from '../errors';
import { find, instantiate, setText } from './dom';

/** A prior that may be opened. */
export interface KnownPrior {
  /** What an address names it by. */
  readonly word: string;
  readonly name: string;
  readonly licence: string;
  /** Side of its views in pixels. */
  readonly resolution: number;
  /** Of its files, and those of them that the browser keeps. */
  readonly bytes: number;
  readonly kept: number;
  readonly where: 'shipped' | 'address' | 'given';
}

/** The priors that ship, and those that the browser keeps. */
export interface PriorShelf {
  list(): Promise<readonly KnownPrior[]>;
  /** Keeps a prior's folder. @returns its word. @throws LimbeckError naming what is missing or damaged. */
  give(files: ReadonlyMap<string, Blob>): Promise<string>;
  forget(word: string): Promise<void>;
}

export interface PriorDialogOptions {
  readonly chosen: string;
  readonly open: () => Promise<PriorShelf>;
  /** Opens the page with another prior. */
  readonly choose: (word: string) => void;
}

/** Where a prior is chosen: one that ships, another by its address, or the visitor's own folder. */
export class PriorDialog {
  readonly #dialog: HTMLDialogElement;
  readonly #options: PriorDialogOptions;
  #shelf: Promise<PriorShelf> | undefined;

  constructor(root: ParentNode, opener: HTMLElement, options: PriorDialogOptions) {
    this.#dialog = find(root, '#priors');
    this.#options = options;
    opener.addEventListener('click', () => {
      this.#dialog.showModal();
      void this.#try(() => this.#show());
    });
    find(this.#dialog, '.close').addEventListener('click', () => this.#dialog.close());
    this.#dialog.addEventListener('click', ({ target }) => {
      if (target === this.#dialog) this.#dialog.close();
    });
    find(this.#dialog, 'form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#openAddress(find<HTMLInputElement>(this.#dialog, '[type=url]').value.trim());
    });
    const input = find<HTMLInputElement>(this.#dialog, '[type=file]');
    find(this.#dialog, '.folder').addEventListener('click', () => input.click());
    input.addEventListener('change', () => {
      const files = [...(input.files ?? [])];
      void this.take(new Map(files.map((file) => [file.webkitRelativePath || file.name, file])));
      input.value = '';
    });
  }

  /** Keeps a prior that was given as files, and opens it. */
  take(files: ReadonlyMap<string, Blob>): Promise<void> {
    if (!this.#dialog.open) this.#dialog.showModal();
    return this.#try(async () => {
      this.#say('Checking the files…');
      this.#options.choose(await (await this.#opened()).give(files));
    });
  }

  #openAddress(address: string): void {
    // A manifest's folder is what an address names.
    const folder = address.replace(/manifest\.json([?#].*)?$/, '');
    if (/^https?:\/\/./.test(folder)) this.#options.choose(folder);
    else this.#say('The address of a manifest begins with https://.');
  }

  #opened(): Promise<PriorShelf> {
    this.#shelf ??= this.#options.open();
    return this.#shelf;
  }

  /** Does something, and says what cannot be done. */
  async #try(act: () => Promise<void>): Promise<void> {
    this.#say('');
    try {
      await act();
    } catch (error) {
      if (!(error instanceof LimbeckError)) throw error;
      this.#say(inWords(error));
    }
  }

  #say(words: string): void {
    const says = find(this.#dialog, '.says');
    says.hidden = words === '';
    setText(says, words);
  }

  async #show(): Promise<void> {
    const known = await (await this.#opened()).list();
    find(this.#dialog, 'ul').replaceChildren(...known.map((prior) => this.#card(prior)));
  }

  #card(prior: KnownPrior): HTMLElement {
    const { word, name } = prior;
    const card = instantiate('known-prior');
    const isOpen = word === this.#options.chosen;
    card.toggleAttribute('data-open', isOpen);
    setText(find(card, 'h3'), name);
    setText(find(card, '.what'), wordsOf(prior));
    find(card, 'i').style.setProperty('--done', String(prior.kept / prior.bytes));
    const use = find<HTMLButtonElement>(card, '.use');
    use.disabled = isOpen;
    setText(use, isOpen ? 'In use' : 'Use');
    use.setAttribute('aria-label', `${isOpen ? 'In use' : 'Use'}: ${name}`);
    use.addEventListener('click', () => this.#options.choose(word));
    const forget = find<HTMLButtonElement>(card, '.forget');
    forget.hidden = prior.kept === 0 || isOpen;
    forget.setAttribute('aria-label', `Forget ${name}`);
    forget.addEventListener('click', () => {
      void this.#try(async () => {
        await (await this.#opened()).forget(word);
        await this.#show();
      });
    });
    return card;
  }
}

const mega = (bytes: number) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

const places = {
  shipped: 'comes with the page',
  address: 'from its address',
  given: 'your own',
} as const;

function wordsOf({ resolution, bytes, kept, licence, where }: KnownPrior): string {
  const far =
    kept === bytes
      ? `${mega(bytes)}, kept in this browser`
      : kept === 0
        ? `${mega(bytes)} to download`
        : `${mega(bytes - kept)} of ${mega(bytes)} to download`;
  return [`${resolution} pixels`, places[where], far, licence].join(' · ');
}
