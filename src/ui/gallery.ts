import type { Report, RunId, StoredId, StoredRequest, StoredRun } from '../protocol/messages';
import { mostRuns } from './choices';
import { find, instantiate, setText } from './dom';
import { runIdAt } from './run_ids';
import { ago, storedWords } from './stored_words';

type Shelf = Extract<Report, { type: 'shelf' }>;

export interface GalleryListeners {
  /** What the storage keeps is asked for. */
  readonly list: () => void;
  readonly open: (runs: readonly StoredRequest[]) => void;
  readonly save: (stored: StoredId) => void;
  readonly delete: (stored: readonly StoredId[]) => void;
}

/** Milliseconds in which a deletion must be pressed again. */
const patience = 4000;

/** The runs that the browser keeps: to go on with, to branch off, to take home or to delete. */
export class Gallery {
  readonly #dialog: HTMLDialogElement;
  readonly #list: HTMLElement;
  readonly #listeners: GalleryListeners;
  readonly #chosen = new Set<StoredId>();
  #pictures: string[] = [];

  constructor(root: ParentNode, opener: HTMLElement, listeners: GalleryListeners) {
    this.#dialog = find(root, '#gallery');
    this.#list = find(this.#dialog, 'ul');
    this.#listeners = listeners;
    opener.addEventListener('click', () => {
      listeners.list();
      this.#dialog.showModal();
    });
    find(this.#dialog, '.close').addEventListener('click', () => this.#dialog.close());
    // A click beside the dialog is one on its backdrop.
    this.#dialog.addEventListener('click', ({ target }) => {
      if (target === this.#dialog) this.#dialog.close();
    });
    find(this.#dialog, '.open-chosen').addEventListener('click', () => this.#openChosen());
  }

  get isOpen(): boolean {
    return this.#dialog.open;
  }

  show({ runs, used, quota }: Shelf): void {
    for (const url of this.#pictures) URL.revokeObjectURL(url);
    this.#pictures = [];
    for (const id of this.#chosen) {
      if (!runs.some((run) => run.id === id)) this.#chosen.delete(id);
    }
    this.#list.replaceChildren(...runs.map((run) => this.#card(run)));
    const kept = `${runs.length === 1 ? 'One run' : `${runs.length} runs`}, ${mega(used)} of ${mega(quota)}`;
    const nothing =
      quota > 0
        ? 'Runs are kept here by themselves as soon as they start.'
        : 'This browser lets the page store nothing: save what you want to keep as files.';
    setText(find(this.#dialog, '.about'), runs.length > 0 ? kept : nothing);
    this.#showChosen();
  }

  #card(run: StoredRun): HTMLElement {
    const card = instantiate('stored-run');
    card.dataset.stored = run.id;
    const name = run.settings?.prompt || 'A run that cannot be read';
    setText(find(card, 'h3'), name);
    find(card, 'h3').title = name;
    setText(find(card, '.what'), storedWords(run));
    setText(find(card, '.when'), ago(run.changed, Date.now()));
    const image = find<HTMLImageElement>(card, 'img');
    image.hidden = run.picture.length === 0;
    if (!image.hidden) {
      image.src = URL.createObjectURL(new Blob([run.picture], { type: 'image/png' }));
      this.#pictures.push(image.src);
    }
    image.alt = `${name}, as it was last seen`;
    const box = find<HTMLInputElement>(card, 'input');
    box.setAttribute('aria-label', `Choose ${name}`);
    box.checked = this.#chosen.has(run.id);
    box.disabled = !run.settings || run.open;
    box.addEventListener('change', () => {
      if (box.checked) this.#chosen.add(run.id);
      else this.#chosen.delete(run.id);
      this.#showChosen();
    });
    this.#setUpButtons(card, run, name);
    return card;
  }

  #setUpButtons(card: HTMLElement, { id, settings, step, open }: StoredRun, name: string): void {
    const button = (action: string, label: string, on: boolean, act: () => void) => {
      const element = find<HTMLButtonElement>(card, `[data-do=${action}]`);
      element.disabled = !on;
      element.setAttribute('aria-label', `${label} ${name}`);
      element.addEventListener('click', act);
      return element;
    };
    const isWell = settings !== undefined;
    button('open', 'Open', isWell && !open, () => this.#open([{ run: runIdAt(0), stored: id }]));
    button('fork', 'Fork', isWell, () => this.#open([{ run: runIdAt(0), stored: id, fork: true }]));
    button('save', 'Save', isWell && step > 0, () => this.#listeners.save(id));
    const remove = button('delete', 'Delete', !open, () => {
      if (remove.dataset.sure) this.#listeners.delete([id]);
      remove.dataset.sure = 'true';
      setText(remove, 'Delete for good?');
      setTimeout(() => {
        delete remove.dataset.sure;
        setText(remove, 'Delete');
      }, patience);
    });
  }

  #showChosen(): void {
    const button = find<HTMLButtonElement>(this.#dialog, '.open-chosen');
    const count = this.#chosen.size;
    button.hidden = count < 2;
    button.disabled = count > mostRuns;
    const words = `Open ${count} side by side`;
    setText(button, count > mostRuns ? `Choose at most ${mostRuns}` : words);
  }

  #openChosen(): void {
    const place = (i: number): RunId => runIdAt(i);
    this.#open([...this.#chosen].map((stored, i) => ({ run: place(i), stored })));
  }

  #open(runs: readonly StoredRequest[]): void {
    this.#chosen.clear();
    this.#dialog.close();
    this.#listeners.open(runs);
  }
}

const mega = (bytes: number) =>
  bytes < 1e9
    ? `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`
    : `${(bytes / 1e9).toFixed(1)} GB`;
