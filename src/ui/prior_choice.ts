/** Opens the page anew with another prior, by its word in an address. */
export function openWithPrior(word: string): void {
  const search = new URLSearchParams(location.search);
  search.set('model', word);
  location.search = search.toString();
}

/** The choice of the prior. Another one opens with the page anew: the address names it, and keeps what was chosen. */
export class PriorChoice {
  readonly #select: HTMLSelectElement;

  /**
   * @param names what each prior is called, by its word in an address.
   * @param chosen the word or the folder of the one that is open.
   */
  constructor(select: HTMLSelectElement, names: Readonly<Record<string, string>>, chosen: string) {
    this.#select = select;
    const offered = Object.hasOwn(names, chosen) ? names : { ...names, [chosen]: chosen };
    select.append(...Object.entries(offered).map(([word, name]) => new Option(name, word)));
    select.value = chosen;
    select.addEventListener('change', () => openWithPrior(select.value));
  }

  /** Off while there is a run, which opening another prior would end. */
  set enabled(enabled: boolean) {
    this.#select.disabled = !enabled;
  }
}
