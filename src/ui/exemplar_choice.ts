import type { Command, FoundExemplar, NamedFile, Report } from '../protocol/messages';
import { defaults, type Settings } from '../settings';
import { chosenFiles } from './brought_files';
import { type Choices, changed, draftOf } from './choices';
import { find, setText } from './dom';
import { pictureOf } from './picture';

type Image = FoundExemplar['image'];
type FoundReport = Extract<Report, { type: 'found' }>;
type OwnReport = Extract<Report, { type: 'own-exemplar' }>;

/** The settings that this control is of: what the prior is shown, and what the run starts from. */
export type SourceOf = 'exemplar' | 'start';

/** The choices with another exemplar or another start for all runs. @param source as the setting takes it. */
export function withSource(choices: Choices, of: SourceOf, source: string): Choices {
  const path = `${of}.source`;
  return { ...choices, changes: changed(choices.changes, path, source, defaults[of].source) };
}

/** What the first of the chosen runs is shown and starts from. */
export const sourcesOf = (choices: Choices): Pick<Settings, SourceOf> =>
  draftOf(choices, choices.runs[0]!);

export interface ExemplarListeners {
  /** @param source as the setting takes it. */
  readonly choose: (of: SourceOf, source: string) => void;
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
  #source = defaults.exemplar.source;
  #start = defaults.start.source;
  #found: readonly FoundExemplar[] = [];
  /** The visitor's own files, and what they look like to the prior. */
  #own: { readonly files: readonly NamedFile[]; readonly report: OwnReport } | undefined;
  /** What was given last, and not yet answered. */
  #given: { readonly question: number; readonly files: readonly NamedFile[] } = {
    question: 0,
    files: [],
  };

  constructor(root: ParentNode, listeners: ExemplarListeners) {
    this.#listeners = listeners;
    this.#element = find(root, '#exemplar');
    this.#offers = find(this.#element, '.offers');
    this.#element.addEventListener('toggle', () => this.#look());
    for (const [button, input] of [
      ['.own', 'input.files'],
      ['.own-folder', 'input.folder'],
    ] as const) {
      const picker = find<HTMLInputElement>(this.#element, input);
      find(this.#element, button).addEventListener('click', () => picker.click());
      picker.addEventListener('change', () => {
        this.take(chosenFiles(picker.files!));
        picker.value = '';
      });
    }
    find(this.#element, '.keep').addEventListener('change', () => this.giveAnew());
    const begins = find<HTMLInputElement>(this.#element, '.begins');
    begins.addEventListener('change', () => {
      const own = this.#own?.report;
      listeners.choose('start', begins.checked && own ? sourceOf(own) : defaults.start.source);
    });
  }

  /** Shows the engine files of the visitor's, of which one is an object or a picture. */
  take(files: readonly NamedFile[]): void {
    if (files.length === 0) return;
    this.#element.open = true;
    const question = this.#given.question + 1;
    this.#given = { question, files };
    const keepBackground = find<HTMLInputElement>(this.#element, '.keep').checked;
    this.#listeners.send({ type: 'own-exemplar', question, files, keepBackground });
  }

  /** Gives what was given before: to another engine, or to be looked at in another way. */
  giveAnew(): void {
    if (this.#own) this.take(this.#own.files);
  }

  show(wanted: Wanted, { exemplar, start }: Pick<Settings, SourceOf>): void {
    this.#wanted = wanted;
    this.#source = exemplar.source;
    this.#start = start.source;
    this.#look();
    this.#draw();
  }

  hear(report: FoundReport | OwnReport): void {
    if (report.type === 'found') {
      if (report.words === this.#asked?.prompt) this.#found = report.found;
    } else if (report.question === this.#given.question) {
      this.#hearOwn(report);
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

  #hearOwn(report: OwnReport): void {
    const before = this.#own?.report;
    this.#own = { files: this.#given.files, report };
    const isNew = before?.name !== report.name;
    if (isNew || this.#source === defaults.exemplar.source) {
      this.#listeners.choose('exemplar', sourceOf(report));
    }
    // What was started from is not there any more, or is no object.
    const isKept = report.views > 1 && this.#start === sourceOf(report);
    if (!isKept && this.#start !== defaults.start.source) {
      this.#listeners.choose('start', defaults.start.source);
    }
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
      ...(own ? [this.#offer(sourceOf(own), own.name, own.image)] : []),
    ];
    this.#offers.replaceChildren(...offers);
    find(this.#element, '.mine').hidden = own === undefined;
    if (own) this.#drawOwn(own);
  }

  #drawOwn(own: OwnReport): void {
    const mine = find(this.#element, '.mine');
    const picture = allViews(own.image);
    picture.setAttribute('role', 'img');
    picture.setAttribute('aria-label', `${own.name} as the prior sees it`);
    find(mine, '.views').replaceChildren(picture);
    setText(find(mine, 'h3'), own.name);
    const isObject = own.views > 1;
    find(mine, '.keeping').hidden = isObject;
    find(mine, '.beginning').hidden = !isObject;
    find<HTMLInputElement>(mine, '.begins').checked = this.#start === sourceOf(own);
    find(mine, '.about').hidden = own.notes.length === 0;
    setText(find(mine, '.about'), own.notes.join(' '));
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
    if (image) button.append(pictureOf(image));
    button.append(Object.assign(document.createElement('span'), { textContent: name }));
    button.addEventListener('click', () => this.#listeners.choose('exemplar', source));
    return button;
  }
}

const sourceOf = ({ name }: OwnReport): string => `file:${name}`;

/** A strip of square views. */
function allViews({ data, width, height }: Image): HTMLCanvasElement {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  canvas.getContext('2d')?.putImageData(new ImageData(data, width, height), 0, 0);
  return canvas;
}
