import { type Command, previewPane, type Report, type RunId } from '../protocol/messages';
import type { Prepared, Wanted } from '../protocol/taking';
import type { Settings } from '../settings';
import { copyText } from './buttons';
import { choicesOf } from './choices';
import { download, find, setText } from './dom';
import { EngineCanvas } from './engine_canvas';
import { Segments } from './segments';
import { runLink } from './share';
import { type Kind, TakingOptions } from './taking_options';

type Send = (command: Command, transfer?: Transferable[]) => void;
type Of<T extends Report['type']> = Extract<Report, { type: T }>;

/** The run that something is taken of. */
export interface Taken {
  readonly run: RunId;
  readonly name: string;
  readonly settings: Settings;
  /** Whether it was changed while it ran, which no link tells. */
  readonly changed: boolean;
  /** The density at the surface that a person chose; undefined for that of the outline. */
  readonly level: number | undefined;
}

const kinds = [
  {
    value: 'object',
    name: '3D file',
    title: 'A mesh for other programs, for printers, for phones',
  },
  { value: 'picture', name: 'Picture', title: 'What the pane shows, as a PNG on nothing' },
  { value: 'turntable', name: 'Video', title: 'One turn of the object' },
  { value: 'run', name: 'Whole run', title: 'All that it needs to go on, as one file' },
  { value: 'link', name: 'Link', title: 'Prompt, settings, seed and exemplar, to make it anew' },
] as const;

const makesByEngine = (kind: Kind): kind is Wanted['kind'] => kind !== 'run' && kind !== 'link';

/** What a run has made, to be looked at as it would be saved, and saved. */
export class TakeHome {
  readonly #dialog: HTMLDialogElement;
  readonly #send: Send;
  readonly #canvas: EngineCanvas;
  readonly #options: TakingOptions;
  readonly #kinds: Segments<Kind>;
  #taken: Taken | undefined;
  #kind: Kind = 'object';
  /** What was asked for last, and what came of it. */
  #wanted: string | undefined;
  #prepared: Prepared | undefined;
  #url: string | undefined;

  constructor(root: ParentNode, send: Send) {
    this.#dialog = find(root, '#take-home');
    this.#send = send;
    this.#canvas = new EngineCanvas(find(this.#dialog, '.stage'), previewPane, {
      send,
      isOn: () => true,
      orbit: (move) => send({ type: 'orbit', runs: [previewPane], move }),
    });
    this.#options = new TakingOptions(find(this.#dialog, '.options'), () => this.#changed());
    this.#kinds = new Segments(find(root, '#take-kind'), kinds, (kind) => this.#choose(kind));
    find(this.#dialog, '.close').addEventListener('click', () => this.#dialog.close());
    this.#dialog.addEventListener('click', ({ target }) => {
      if (target === this.#dialog) this.#dialog.close();
    });
    this.#dialog.addEventListener('close', () => this.#forget());
    find(this.#dialog, '.make').addEventListener('click', () => this.#ask());
    find(this.#dialog, '.save').addEventListener('click', () => this.#save());
    const copy = find<HTMLButtonElement>(this.#dialog, '.copy');
    copy.addEventListener('click', () =>
      copyText(copy, this.#link.value, 'Copy it from the field'),
    );
  }

  /** Opens for a run. */
  open(taken: Taken): void {
    this.#taken = taken;
    setText(find(this.#dialog, 'h2 span'), taken.name);
    this.#dialog.dataset.run = taken.run;
    this.#options.begin(taken.settings, taken.level);
    const pictures = taken.settings.generator !== 'field';
    for (const kind of ['object', 'picture', 'turntable']) {
      find(this.#dialog, `#take-kind label:has([value=${kind}])`).hidden = pictures;
    }
    this.#dialog.showModal();
    if (!this.#canvas.attached) this.#canvas.attach();
    this.#choose(pictures ? 'run' : 'object');
  }

  /** Another engine has no canvas and has made nothing. */
  attachAnew(): void {
    if (this.#canvas.attached) this.#canvas.attachAnew();
    if (this.#wanted) this.#fail('The engine was lost meanwhile. Ask again.');
  }

  hear(report: Of<'preparing' | 'prepared' | 'unprepared'>): void {
    if (report.run !== this.#taken?.run) return;
    if (report.type === 'preparing') this.#progress(report.share);
    else if (report.type === 'unprepared') this.#fail(report.message);
    else if (JSON.stringify(report.wanted) === this.#wanted) this.#show(report);
  }

  #choose(kind: Kind): void {
    this.#kind = kind;
    this.#kinds.value = kind;
    this.#dialog.dataset.kind = kind;
    const made = makesByEngine(kind);
    for (const part of ['.preview', '.options', '.make', '.content']) {
      find(this.#dialog, part).hidden = !made;
    }
    find(this.#dialog, '.whole').hidden = kind !== 'run';
    find(this.#dialog, '.linked').hidden = kind !== 'link';
    find(this.#dialog, '.save').hidden = kind === 'link';
    this.#reset();
    if (kind === 'link') this.#showLink();
    if (made) {
      this.#options.show(kind);
      // A video takes its time: it is made when it is asked for.
      if (kind !== 'turntable') this.#ask();
    }
    this.#draw();
  }

  /** Something else is wanted than what was made. */
  #changed(): void {
    this.#reset();
    if (this.#kind === 'turntable') this.#draw();
    else this.#ask();
  }

  #reset(): void {
    this.#prepared = undefined;
    this.#wanted = undefined;
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = undefined;
    for (const medium of ['img', 'video']) {
      const element = find<HTMLImageElement | HTMLVideoElement>(this.#dialog, `.preview ${medium}`);
      element.removeAttribute('src');
      element.hidden = true;
    }
    find(this.#dialog, '.content').replaceChildren();
    this.#say('');
  }

  #ask(): void {
    const { run } = this.#taken!;
    this.#reset();
    const wanted = this.#options.wanted(groundColour());
    this.#wanted = JSON.stringify(wanted);
    this.#send({ type: 'prepare', run, wanted });
    this.#say(wanted.kind === 'object' ? 'Making the mesh…' : 'Rendering…');
    this.#draw();
  }

  #progress(share: number): void {
    if (this.#wanted) this.#say(`Rendering… ${Math.round(100 * share)} %`);
  }

  #fail(message: string): void {
    this.#wanted = undefined;
    this.#say(message);
    this.#draw();
  }

  #show({ wanted, prepared }: Of<'prepared'>): void {
    this.#prepared = prepared;
    this.#wanted = undefined;
    this.#say('');
    const sizes = prepared.files.map(({ name, bytes }) => `${name}, ${sizeOf(bytes.length)}`);
    const lines = [...sizes, ...prepared.content, `as after step ${prepared.step}`];
    find(this.#dialog, '.content').replaceChildren(
      ...lines.map((text) => Object.assign(document.createElement('li'), { textContent: text })),
    );
    if (wanted.kind !== 'object') this.#showMedium(wanted, prepared);
    this.#draw();
  }

  #showMedium(wanted: Wanted, { files }: Prepared): void {
    const isVideo = wanted.kind === 'turntable';
    const type = isVideo ? `video/${wanted.container}` : 'image/png';
    this.#url = URL.createObjectURL(new Blob([files[0]!.bytes], { type }));
    const medium = isVideo ? 'video' : 'img';
    const element = find<HTMLImageElement>(this.#dialog, `.preview ${medium}`);
    element.src = this.#url;
    element.hidden = false;
  }

  #save(): void {
    if (this.#kind === 'run') {
      this.#send({ type: 'save', run: this.#taken!.run, kind: 'checkpoint' });
      return;
    }
    for (const { name, bytes } of this.#prepared?.files ?? []) download(name, bytes);
  }

  #showLink(): void {
    const { settings, changed } = this.#taken!;
    const { hash, notes } = runLink(choicesOf(settings));
    const address = new URL(location.href);
    address.hash = hash;
    this.#link.value = address.href;
    const live = changed
      ? ['What was changed while it ran is in the file of the whole run, and not in a link.']
      : [];
    setText(find(this.#dialog, '.linked .notes'), [...notes, ...live].join(' '));
  }

  get #link(): HTMLInputElement {
    return find<HTMLInputElement>(this.#dialog, '.linked input');
  }

  #draw(): void {
    const busy = this.#wanted !== undefined;
    const make = find<HTMLButtonElement>(this.#dialog, '.make');
    make.hidden = this.#kind !== 'turntable' || this.#prepared !== undefined;
    make.disabled = busy;
    const save = find<HTMLButtonElement>(this.#dialog, '.save');
    const name = this.#prepared?.files[0]?.name;
    save.disabled = this.#kind !== 'run' && !name;
    setText(save, name ? `Save ${name.split('.').at(-1)!.toUpperCase()}` : 'Save');
    find(this.#dialog, '.stage').hidden = this.#kind !== 'object';
    find(this.#dialog, '.preview').setAttribute('aria-busy', String(busy));
  }

  #say(words: string): void {
    setText(find(this.#dialog, '.state'), words);
  }

  #forget(): void {
    if (!this.#taken) return;
    this.#reset();
    this.#send({ type: 'prepare', run: this.#taken.run, wanted: null });
    this.#taken = undefined;
  }
}

const sizeOf = (bytes: number) =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

/** What stands behind objects on this page, as a video has it behind its object. */
function groundColour(): readonly [number, number, number] {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  return dark ? [0.17, 0.155, 0.14] : [0.985, 0.97, 0.945];
}
