import type { Command, FoundExemplar, Report } from '../protocol/messages';
import { defaults, type Settings } from '../settings';
import { type Choices, changed, draftOf } from './choices';
import { find, setText } from './dom';

type Image = FoundExemplar['image'];
type FoundReport = Extract<Report, { type: 'found' }>;
type OwnReport = Extract<Report, { type: 'own-exemplar' }>;

/** The setting that this control is of. */
const path = 'exemplar.source';

/** The choices with another exemplar for all runs. @param source as the setting takes it. */
export function withExemplar(choices: Choices, source: string): Choices {
  return { ...choices, changes: changed(choices.changes, path, source, defaults.exemplar.source) };
}

/** What the first of the chosen runs is shown. */
export const exemplarOf = (choices: Choices): Settings['exemplar'] =>
  draftOf(choices, choices.runs[0]!).exemplar;

export interface ExemplarListeners {
  /** @param source as the setting takes it. */
  readonly choose: (source: string) => void;
  readonly send: (command: Command, transfer?: Transferable[]) => void;
}

/** What the visitor asked for: what an exemplar is looked for by. */
interface Wanted {
  readonly prompt: string;
  readonly seed: number;
}

/** What the prior is shown beside the prompt: what the prompt finds, another, none, or a file of the visitor's. */
export class ExemplarChoice {
  readonly #element: HTMLDetailsElement;
  readonly #offers: HTMLElement;
  readonly #listeners: ExemplarListeners;
  #wanted: Wanted = { prompt: '', seed: 0 };
  #asked: Wanted | undefined;
  #source = 'auto';
  #found: readonly FoundExemplar[] = [];
  /** The visitor's own file, and what it looks like to the prior. */
  #own: { readonly file: File; readonly report?: OwnReport } | undefined;

  constructor(root: ParentNode, listeners: ExemplarListeners) {
    this.#listeners = listeners;
    this.#element = find(root, '#exemplar');
    this.#offers = find(this.#element, '.offers');
    this.#element.addEventListener('toggle', () => this.#look());
    const input = find<HTMLInputElement>(this.#element, 'input[type=file]');
    find(this.#element, '.own').addEventListener('click', () => input.click());
    input.addEventListener('change', () => {
      void this.#take(input.files?.[0]);
      input.value = '';
    });
    find(this.#element, '.keep').addEventListener('change', () => void this.#take(this.#own?.file));
    this.#element.addEventListener('dragover', (event) => event.preventDefault());
    this.#element.addEventListener('drop', (event) => {
      event.preventDefault();
      void this.#take(event.dataTransfer?.files[0]);
    });
  }

  show(wanted: Wanted, source: string): void {
    this.#wanted = wanted;
    this.#source = source;
    this.#look();
    this.#draw();
  }

  hear(report: FoundReport | OwnReport): void {
    if (report.type === 'found') {
      if (report.words === this.#asked?.prompt) this.#found = report.found;
    } else if (this.#own?.file.name === report.name) {
      this.#own = { ...this.#own, report };
      this.#listeners.choose(`file:${report.name}`);
    }
    this.#draw();
  }

  /** Looks for what fits, once it can be seen. */
  #look(): void {
    const { prompt, seed } = this.#wanted;
    if (!this.#element.open || prompt.trim() === '') return;
    if (this.#asked?.prompt === prompt && this.#asked.seed === seed) return;
    this.#asked = { prompt, seed };
    // While a prompt is typed it changes with every letter.
    setTimeout(() => {
      if (this.#asked?.prompt !== prompt || this.#asked.seed !== seed) return;
      this.#listeners.send({ type: 'find', words: prompt, seed });
    }, 400);
  }

  async #take(file: File | undefined): Promise<void> {
    if (!file) return;
    this.#own = { file };
    const bytes = new Uint8Array(await file.arrayBuffer());
    const keepBackground = find<HTMLInputElement>(this.#element, '.keep').checked;
    const command = { type: 'own-exemplar', name: file.name, bytes, keepBackground } as const;
    this.#listeners.send(command, [bytes.buffer]);
  }

  #draw(): void {
    setText(find(this.#element, 'summary b'), this.#words());
    const own = this.#own?.report;
    const offers = [
      this.#offer('auto', 'What the prompt finds', this.#found[0]?.image),
      ...this.#found
        .slice(1)
        .map(({ id, name, author, licence, image }) =>
          this.#offer(`library:${id}`, name, image, `${name}, by ${author} (${licence})`),
        ),
      this.#offer('none', 'Nothing'),
      ...(own ? [this.#offer(`file:${own.name}`, own.name, own.image)] : []),
    ];
    this.#offers.replaceChildren(...offers);
    find(this.#element, '.about').hidden = own === undefined || own.notes.length === 0;
    setText(find(this.#element, '.about'), own?.notes.join(' ') ?? '');
    find(this.#element, '.keeping').hidden = own?.views !== 1;
  }

  #words(): string {
    if (this.#source === 'auto') {
      const [first] = this.#found;
      const isOfPrompt = this.#asked?.prompt === this.#wanted.prompt;
      return first && isOfPrompt ? `${first.name}, by ${first.author}` : 'what the prompt finds';
    }
    if (this.#source === 'none') return 'nothing';
    const chosen = this.#found.find(({ id }) => this.#source === `library:${id}`);
    return chosen ? `${chosen.name}, by ${chosen.author}` : this.#source.replace(/^\w+:/, '');
  }

  #offer(source: string, name: string, image?: Image, title = name): HTMLElement {
    const button = document.createElement('button');
    button.type = 'button';
    button.title = title;
    button.setAttribute('aria-pressed', String(source === this.#source));
    if (image) button.append(firstView(image));
    button.append(Object.assign(document.createElement('span'), { textContent: name }));
    button.addEventListener('click', () => this.#listeners.choose(source));
    return button;
  }
}

/** The front of a strip of square views. */
function firstView({ data, width, height }: Image): HTMLCanvasElement {
  const canvas = Object.assign(document.createElement('canvas'), { width: height, height });
  canvas.getContext('2d')?.putImageData(new ImageData(data, width, height), 0, 0);
  return canvas;
}
