import GUI, { type Controller } from 'lil-gui';
import { inWords } from '../errors';
import {
  type Entry,
  fromText,
  type Settings,
  SettingsError,
  settingEntries,
  settingValues,
} from '../settings';
import {
  type Changes,
  type Choices,
  changed,
  draftOf,
  isOfRun,
  isSame,
  isShared,
  validateChoices,
} from './choices';
import { runIdAt } from './run_ids';
import { lineOf, runNames } from './run_names';
import { Segments } from './segments';

/** A slider is of use up to this many steps; beyond it a number is typed. */
const mostSliderSteps = 256;

export interface PanelListeners {
  readonly change: (part: Pick<Choices, 'changes' | 'runs'>) => void;
  readonly refuse: (message: string) => void;
}

/** Whom a change is for: all runs, or the one at a place. */
type Scope = number | 'all';

/**
 * All settings that have no control elsewhere on the page, made from the settings' schema:
 * a new setting appears here without a word. It is a view: it holds no settings of its own.
 */
export class Panel {
  readonly #container: HTMLElement;
  readonly #scopes = document.createElement('fieldset');
  readonly #listeners: PanelListeners;
  #choices: Choices;
  #scope: Scope = 'all';
  #gui: GUI | undefined;

  constructor(container: HTMLElement, choices: Choices, listeners: PanelListeners) {
    this.#container = container;
    this.#choices = choices;
    this.#listeners = listeners;
    Object.assign(this.#scopes, { id: 'scope', className: 'segments' });
    this.#scopes.setAttribute('aria-label', 'Runs that a change is for');
    container.append(this.#scopes);
  }

  get open(): boolean {
    return !this.#container.hidden;
  }

  set open(open: boolean) {
    this.#container.hidden = !open;
    this.#rebuild();
  }

  /** Opens it at the settings of the run at a place alone. */
  openFor(place: number): void {
    this.#scope = place;
    this.open = true;
  }

  /** Shows these choices. */
  show(choices: Choices): void {
    const { preset, changes, runs } = this.#choices;
    const same = choices.preset === preset && choices.changes === changes && choices.runs === runs;
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
    const { runs } = this.#choices;
    if (this.#scope !== 'all' && this.#scope >= runs.length) this.#scope = 'all';
    this.#showScopes();
    const gui = new GUI({
      container: this.#container,
      title: 'Settings of the next start',
      // A style element of its own is what the page's policy forbids.
      injectStyles: false,
    });
    this.#gui = gui;
    const isOffered = this.#scope === 'all' ? isShared : isOfRun;
    const bases = this.#bases().map((settings) => new Map(settingValues(settings)));
    for (const entry of settingEntries.filter(({ path }) => isOffered(path))) {
      const parent = parentOf(gui, entry, openFolders);
      this.#add(
        parent,
        entry,
        bases.map((base) => base.get(entry.path)),
      );
    }
    gui
      .add({ reset: () => this.#set({}) }, 'reset')
      .name(this.#scope === 'all' ? 'Back to the preset' : 'As all runs')
      .enable(Object.keys(this.#changes).length > 0);
  }

  #showScopes(): void {
    const { runs } = this.#choices;
    const names = runNames(runs.map((run) => draftOf(this.#choices, run)));
    this.#scopes.hidden = runs.length === 1 && this.#scope === 'all';
    const segments = names.map((name, i) => {
      const title = `Settings of ${lineOf(name)} alone`;
      return { value: runIdAt(i), name: `${i + 1} ${name.title}`, title };
    });
    const all = { value: 'all', name: 'All runs', title: 'Settings of all runs' };
    const choose = (value: string) => {
      this.#scope = value === 'all' ? 'all' : segments.findIndex((one) => one.value === value);
      this.#rebuild();
    };
    const value = this.#scope === 'all' ? 'all' : runIdAt(this.#scope);
    new Segments<string>(this.#scopes, [all, ...segments], choose).value = value;
  }

  /** Settings without the changes that are shown here, of each run that a change is for. */
  #bases(): Settings[] {
    const { runs } = this.#choices;
    if (this.#scope !== 'all') {
      return [draftOf(this.#choices, { ...runs[this.#scope]!, changes: {} })];
    }
    const bare = { ...this.#choices, changes: {} };
    return runs.map(({ method }) => draftOf(bare, { method, changes: {} }));
  }

  get #changes(): Changes {
    const { changes, runs } = this.#choices;
    return this.#scope === 'all' ? changes : runs[this.#scope]!.changes;
  }

  /** @param bases the value without a change, of each run that one is for. */
  #add(parent: GUI, entry: Entry, bases: readonly unknown[]): void {
    const { path, label, help } = entry;
    const isChanged = Object.hasOwn(this.#changes, path);
    const value = isChanged ? this.#changes[path] : bases[0];
    const normal = [...new Set(bases.map((base) => JSON.stringify(base)))];
    const controller = control(parent, entry, value).name(label);
    controller.domElement.classList.toggle('changed', isChanged);
    controller.domElement.title = `${help}: ${entry.control.takes}\n${path}, normally ${normal.join(' or ')}`;
    controller.onFinishChange((next: unknown) => {
      const typed = typeof next === 'string' ? fromText(entry, next) : next;
      // Where methods bring different values, one for all runs is a change whatever it is.
      const base = bases.every((one) => isSame(one, bases[0])) ? bases[0] : undefined;
      this.#set(changed(this.#changes, path, typed, base));
    });
  }

  /** Takes the changes if they make settings, and says why if not. */
  #set(changes: Changes): void {
    const { runs } = this.#choices;
    const part =
      this.#scope === 'all'
        ? { changes, runs }
        : {
            changes: this.#choices.changes,
            runs: runs.with(this.#scope, { ...runs[this.#scope]!, changes }),
          };
    try {
      const next = { ...this.#choices, ...part };
      validateChoices(next);
      this.#choices = next;
      this.#listeners.change(part);
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      this.#listeners.refuse(inWords(error));
    }
    this.#rebuild();
  }
}

/** The folder of a setting's group, made when it is the first. */
function parentOf(gui: GUI, { group }: Entry, open: ReadonlySet<string>): GUI {
  if (group === '') return gui;
  const known = gui.folders.find(({ _title }) => _title === group);
  if (known) return known;
  const made = gui.addFolder(group);
  return open.has(group) ? made.open() : made.close();
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
