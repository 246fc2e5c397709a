import type { Comparison } from './comparisons';
import { comparisons } from './comparisons';
import { find, instantiate, setText } from './dom';

/** The comparisons that are one click away. */
export class CompareMenu {
  readonly #menu: HTMLDetailsElement;

  /** @param choose is told of the one that is chosen. */
  constructor(root: ParentNode, choose: (comparison: Comparison) => void) {
    this.#menu = find(root, '#compare');
    const buttons = comparisons.map((comparison) => {
      const button = instantiate('comparison');
      button.dataset.comparison = comparison.id;
      setText(find(button, 'b'), comparison.title);
      setText(find(button, 'span'), comparison.summary);
      button.addEventListener('click', () => {
        this.#close();
        choose(comparison);
      });
      return button;
    });
    find(this.#menu, '.items').replaceChildren(...buttons);
    this.#menu.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') this.#close();
    });
    document.addEventListener('pointerdown', ({ target }) => {
      if (!this.#menu.contains(target as Node)) this.#menu.open = false;
    });
  }

  #close(): void {
    this.#menu.open = false;
    find(this.#menu, 'summary').focus();
  }
}
