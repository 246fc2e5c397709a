import GUI, { type Controller } from 'lil-gui';
import { inWords } from '../errors';
import {
  type Entry,
  fromText,
  type MethodId,
  methodIds,
  methodOf,
  SettingsError,
  settingEntries,
} from '../settings';
import { type Choices, changeable, changeName, perMethod, validateChoices } from './choices';

/** A slider is of use up to this many steps; beyond it a number is typed. */
const mostSliderSteps = 256;

export interface PanelListeners {
  readonly change: (choices: Choices) => void;
  readonly refuse: (message: string) => void;
}

/**
 * All settings that have no control elsewhere on the page, made from the settings' schema:
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
    const bases = methodIds.map((id) => new Map(changeable(this.#choices.preset, id)));
    for (const entry of settingEntries.filter(({ path }) => bases[0]!.has(path))) {
      methodIds.slice(0, perMethod(entry.path) ? methodIds.length : 1).forEach((method, i) => {
        const parent = parentOf(gui, entry, method, openFolders);
        this.#add(parent, entry, method, bases[i]!.get(entry.path));
      });
    }
    gui
      .add({ reset: () => this.#set({}) }, 'reset')
      .name('Back to the preset')
      .enable(Object.keys(this.#choices.changes).length > 0);
  }

  #add(parent: GUI, entry: Entry, method: MethodId, base: unknown): void {
    const name = changeName(entry.path, method);
    const changed = Object.hasOwn(this.#choices.changes, name);
    const value = changed ? this.#choices.changes[name] : base;
    const controller = control(parent, entry, value).name(entry.label);
    controller.domElement.classList.toggle('changed', changed);
    controller.domElement.title = `${entry.help}: ${entry.control.takes}\n${entry.path}, normally ${JSON.stringify(base)}`;
    controller.onFinishChange((next: unknown) => {
      const typed = typeof next === 'string' ? fromText(entry, next) : next;
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
      this.#listeners.refuse(inWords(error));
    }
    this.#rebuild();
  }
}

/** The folder of a setting's group, made when it is the first; guidance has one for each method. */
function parentOf(gui: GUI, entry: Entry, method: MethodId, open: ReadonlySet<string>): GUI {
  const { path, group } = entry;
  if (group === '') return gui;
  const title = perMethod(path) ? `${group}, ${methodOf(method).title}` : group;
  const known = gui.folders.find(({ _title }) => _title === title);
  if (known) return known;
  const made = gui.addFolder(title);
  return open.has(title) ? made.open() : made.close();
}

function control(parent: GUI, { control }: Entry, value: unknown): Controller {
  const holder = { value };
  switch (control.kind) {
    case 'schedule':
      return parent.add({ value: scheduleText(value) }, 'value');
    case 'choice':
      return parent.add(holder, 'value', [...control.choices]);
    case 'integer': {
      const { min, max } = control;
      if (max - min <= mostSliderSteps) return parent.add(holder, 'value', min, max, 1);
      return parent.add(holder, 'value').step(1);
    }
    default:
      return parent.add(holder, 'value');
  }
}

/** A schedule as it is typed: a number, or `0, 0.98, 0.5, 1`. */
const scheduleText = (schedule: unknown) =>
  Array.isArray(schedule) ? schedule.join(', ') : String(schedule);
