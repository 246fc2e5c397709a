import { find, setText } from './dom';
import type { ProgressWords } from './session_progress';

/** The bar under the prompt and the line under it. */
export class ProgressBar {
  readonly #bar: HTMLElement;
  readonly #what: Element;
  readonly #shared: Element;
  readonly #left: Element;

  constructor(root: ParentNode) {
    this.#bar = find(root, '#progress .bar');
    this.#what = find(root, '#progress .what');
    this.#shared = find(root, '#progress .shared');
    this.#left = find(root, '#progress .left');
  }

  /** @param shared what all runs of the newest step have in common. */
  show({ share, what, left }: ProgressWords, shared: string): void {
    this.#bar.classList.toggle('busy', share === undefined);
    this.#bar.style.setProperty('--done', String(share ?? 1));
    if (share === undefined) this.#bar.removeAttribute('aria-valuenow');
    else this.#bar.setAttribute('aria-valuenow', String(Math.round(100 * share)));
    setText(this.#what, what);
    setText(this.#shared, shared);
    setText(this.#left, left);
  }
}
