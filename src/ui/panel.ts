import GUI, { type Controller } from 'lil-gui';
import {
  type Method,
  type Schedule,
  SettingsError,
  schedulePaths,
  settingBounds,
  settingChoices,
} from '../settings';
import { type Choices, changeable, changeName, perMethod, validateChoices } from './choices';

const methods: readonly Method[] = ['sds', 'vsd'];

/** Names of groups that are not words. */
const groupNames: Readonly<Record<string, string>> = {
  render: 'Renderer',
  fake: 'Fake score',
  optim: 'Optimiser',
};

/** A slider is of use up to this many steps; beyond it a number is typed. */
const mostSliderSteps = 256;

export interface PanelListeners {
  readonly change: (choices: Choices) => void;
  readonly refuse: (message: string) => void;
}

/**
 * All settings that have no control elsewhere on the page, made from the object of settings itself:
 * a new setting appears here without a word. It is a view: it holds no settings of its own.
 */
export class Panel {
  readonly #container: HTMLElement;
  readonly #listeners: PanelListeners;
  #choices: Choices;
  #gui: GUI | undefined;

  constructor(container: HTMLElement, choices: Choices, listeners: PanelListeners) {
    this.#container = container;
    this.#choices = choices;
    this.#listeners = listeners;
  }

  get open(): boolean {
    return !this.#container.hidden;
  }

  set open(open: boolean) {
    this.#container.hidden = !open;
    this.#rebuild();
  }

  /** Shows these choices. */
  show(choices: Choices): void {
    const same =
      choices.preset === this.#choices.preset && choices.changes === this.#choices.changes;
    this.#choices = choices;
    if (!same) this.#rebuild();
  }

  #rebuild(): void {
    const openFolders = new Set(
      this.#gui?.foldersRecursive().flatMap(({ _closed, _title }) => (_closed ? [] : [_title])),
    );
    this.#gui?.destroy();
    this.#gui = undefined;
    if (!this.open) return;
    const gui = new GUI({ container: this.#container, title: 'Settings of the next start' });
    this.#gui = gui;
    const bases = methods.map((method) => new Map(changeable(this.#choices.preset, method)));
    for (const path of bases[0]!.keys()) {
      methods.slice(0, perMethod(path) ? methods.length : 1).forEach((method, i) => {
        const parent = parentOf(gui, path, method, openFolders);
        this.#add(parent, path, method, bases[i]!.get(path));
      });
    }
    gui
      .add({ reset: () => this.#set({}) }, 'reset')
      .name('Back to the preset')
      .enable(Object.keys(this.#choices.changes).length > 0);
  }

  #add(parent: GUI, path: string, method: Method, base: unknown): void {
    const name = changeName(path, method);
    const changed = Object.hasOwn(this.#choices.changes, name);
    const value = changed ? this.#choices.changes[name] : base;
    const controller = control(parent, path, value).name(words(path.split('.').at(-1)!));
    controller.domElement.classList.toggle('changed', changed);
    controller.domElement.title = `${path}, normally ${JSON.stringify(base)}`;
    controller.onFinishChange((next: unknown) => {
      const typed = schedulePaths.has(path) ? scheduleOf(String(next)) : next;
      const { [name]: _, ...others } = this.#choices.changes;
      const same = JSON.stringify(typed) === JSON.stringify(base);
      this.#set(same ? others : { ...others, [name]: typed });
    });
  }

  /** Takes the changes if they make settings, and says why if not. */
  #set(changes: Choices['changes']): void {
    const next = { ...this.#choices, changes };
    try {
      validateChoices(next);
      this.#choices = next;
      this.#listeners.change(next);
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      this.#listeners.refuse(error.message);
    }
    this.#rebuild();
  }
}

/** The folder of a setting's group, made when it is the first; guidance has one for each method. */
function parentOf(gui: GUI, path: string, method: Method, open: ReadonlySet<string>): GUI {
  const [group, key] = path.split('.');
  if (key === undefined) return gui;
  const name = groupNames[group!] ?? words(group!);
  const title = perMethod(path) ? `${name}, ${method.toUpperCase()}` : name;
  const known = gui.folders.find(({ _title }) => _title === title);
  if (known) return known;
  const made = gui.addFolder(title);
  return open.has(title) ? made.open() : made.close();
}

function control(parent: GUI, path: string, value: unknown): Controller {
  if (schedulePaths.has(path)) {
    return parent.add({ value: scheduleText(value as Schedule) }, 'value');
  }
  const holder = { value };
  const options = settingChoices[path];
  if (options) return parent.add(holder, 'value', [...options]);
  const bounds = settingBounds.find(([bounded]) => bounded === path);
  if (!bounds || typeof value !== 'number') return parent.add(holder, 'value');
  const [, low, high, integer] = bounds;
  if (integer && high - low <= mostSliderSteps) return parent.add(holder, 'value', low, high, 1);
  const typed = parent.add(holder, 'value');
  return integer ? typed.step(1) : typed;
}

/** A schedule as it is typed: a number, or `0, 0.98, 0.5, 1`. */
const scheduleText = (schedule: Schedule) =>
  typeof schedule === 'number' ? String(schedule) : schedule.join(', ');

/** The schedule that was typed; what is none is left for the settings to refuse. */
function scheduleOf(text: string): unknown {
  const numbers = text
    .replace(/[[\]]/g, '')
    .split(',')
    .map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  return numbers.length === 1 ? numbers[0] : numbers;
}

/** `samplesPerRay` in words: samples per ray. */
function words(key: string): string {
  const spaced = key
    .replace(/([a-z])([A-Z0-9])/g, '$1 $2')
    .replace(/([0-9])([A-Z])/g, '$1 $2')
    .toLowerCase();
  return spaced[0]!.toUpperCase() + spaced.slice(1);
}
