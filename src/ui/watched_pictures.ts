import type { SessionReport } from '../protocol/messages';
import { find, instantiate, setText } from './dom';
import { formulaNodes } from './formula';

type Watched = Extract<SessionReport, { type: 'watched' }>['watched'];
type Row = Watched['rows'][number];

/** The parts of a look, by how the rows' names begin, in the order in which a step comes to them. */
const parts = [
  { title: 'What the models see', starts: ['views', 'noised-'] },
  { title: 'What they make of it in one step', starts: ['clean-'] },
  { title: 'The noise that they find', starts: ['noise-'] },
  { title: 'Where the views are moved', starts: [''] },
] as const;

/** What the newest step that was watched saw, a row of pictures each. */
export class WatchedPictures {
  readonly #place: HTMLElement;
  readonly #rows = new Map<string, HTMLElement>();
  #watched: Watched | undefined;

  constructor(place: HTMLElement) {
    this.#place = place;
  }

  clear(): void {
    this.#watched = undefined;
    this.#rows.clear();
    const waiting = document.createElement('p');
    waiting.className = 'waiting';
    waiting.textContent = 'Pictures come with the next step.';
    this.#place.replaceChildren(waiting);
  }

  take(watched: Watched): void {
    this.#watched = watched;
  }

  draw(): void {
    if (!this.#watched) return;
    const { rows } = this.#watched;
    if (rows.some(({ id }) => !this.#rows.has(id)) || rows.length !== this.#rows.size) {
      this.#build(rows);
    }
    for (const row of rows) drawRow(this.#rows.get(row.id)!, row);
  }

  #build(rows: readonly Row[]): void {
    this.#rows.clear();
    const left = new Set(rows);
    this.#place.replaceChildren(
      ...parts.flatMap(({ title, starts }) => {
        const members = [...left].filter(({ id }) => starts.some((start) => id.startsWith(start)));
        for (const member of members) left.delete(member);
        if (members.length === 0) return [];
        const part = instantiate('watched-part');
        setText(find(part, 'h3'), title);
        for (const { id } of members) {
          const figure = instantiate('watched-row');
          this.#rows.set(id, figure);
          part.append(figure);
        }
        return [part];
      }),
    );
  }
}

function drawRow(figure: HTMLElement, { title, summary, range, image }: Row): void {
  const symbol = find(figure, '.symbol');
  if (symbol.dataset.title !== title) {
    symbol.dataset.title = title;
    symbol.replaceChildren(...formulaNodes(title));
  }
  const scale = range === null ? '' : `; grey is zero, white ${Number(range.toPrecision(2))}`;
  setText(find(figure, '.summary'), summary + scale);
  const canvas = find<HTMLCanvasElement>(figure, 'canvas');
  canvas.setAttribute('aria-label', `${title}: ${summary}`);
  const { data, width, height } = image;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  canvas.getContext('2d')?.putImageData(new ImageData(data, width, height), 0, 0);
}
