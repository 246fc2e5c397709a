import { find, instantiate, setText } from './dom';

/** Messages that stand on the page at a time, at most. */
const most = 3;

export interface Notice {
  readonly message: string;
  /** Whether something went wrong. Default true. */
  readonly wrong?: boolean;
  /** What can be done about it at once. */
  readonly action?: { readonly label: string; readonly act: () => void };
}

/** What happened and what to do, newest first, until it is dismissed. */
export class Notices {
  readonly #list: HTMLElement;

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  say({ message, wrong = true, action }: Notice): void {
    const element = instantiate('message');
    element.classList.toggle('wrong', wrong);
    element.setAttribute('role', wrong ? 'alert' : 'status');
    setText(find(element, 'p'), message);
    const act = find(element, '.act');
    act.hidden = action === undefined;
    if (action) {
      setText(act, action.label);
      act.addEventListener('click', () => {
        element.remove();
        action.act();
      });
    }
    find(element, '.icon').addEventListener('click', () => element.remove());
    for (const other of [...this.#list.children]) {
      if (other.querySelector('p')?.textContent === message) other.remove();
    }
    this.#list.prepend(element);
    while (this.#list.childElementCount > most) this.#list.lastElementChild!.remove();
  }

  clear(): void {
    this.#list.replaceChildren();
  }
}
