import { inWords } from '../errors';
import { shadingModes } from '../protocol/messages';
import { containers, type Wanted } from '../protocol/taking';
import {
  type Entry,
  fromText,
  makeSettings,
  type Settings,
  SettingsError,
  settingEntries,
  settingsFrom,
  toText,
} from '../settings';
import { find, instantiate, setText } from './dom';

/** What is to be taken home; a run as a whole and a link are not made by the engine first. */
export type Kind = Wanted['kind'] | 'run' | 'link';

type Values = Readonly<Record<string, unknown>>;

/** Settings of a mesh that matter for its file, and for which formats they do. */
const meshOptions: Readonly<Record<string, readonly string[] | undefined>> = {
  'mesh.format': undefined,
  'mesh.triangles': undefined,
  'mesh.level': undefined,
  'mesh.resolution': undefined,
  'mesh.texture': ['glb', 'obj', 'usdz'],
  'mesh.unlit': ['glb', 'usdz'],
  'mesh.compression': ['glb'],
  'mesh.millimetres': ['stl', '3mf'],
};

const choice = (path: string, label: string, choices: readonly (string | number)[]): Entry => ({
  path,
  group: '',
  label,
  help: label,
  default: choices[0],
  control: { kind: 'choice', choices, takes: `one of ${choices.join(', ')}`, range: '' },
});

const shading = choice('shading', 'Shading', shadingModes);

/** The options of what the engine makes, in the words of settings. */
const optionsOf: Readonly<Record<Wanted['kind'], readonly Entry[]>> = {
  object: settingEntries.filter(({ path }) => Object.hasOwn(meshOptions, path)),
  picture: [choice('size', 'Side in pixels', [256, 512, 1024, 2048]), shading],
  turntable: [
    choice('container', 'Format', containers),
    choice('size', 'Side in pixels', [128, 256, 512, 1024]),
    choice('seconds', 'Seconds', [2, 3, 6, 12]),
    shading,
  ],
};

const first: Readonly<Record<'picture' | 'turntable', Values>> = {
  picture: { size: 1024, shading: 'unlit' },
  turntable: { container: 'mp4', size: 512, seconds: 6, shading: 'unlit' },
};

/** The options of what is taken home, as a form. */
export class TakingOptions {
  readonly #place: HTMLElement;
  readonly #change: () => void;
  readonly #values = new Map<Wanted['kind'], Record<string, unknown>>();
  #kind: Wanted['kind'] = 'object';

  /** @param change is told that something else is wanted. */
  constructor(place: HTMLElement, change: () => void) {
    this.#place = place;
    this.#change = change;
    this.#values.set('picture', { ...first.picture });
    this.#values.set('turntable', { ...first.turntable });
  }

  /** Begins with a run's own settings. @param level that a person chose for the surface, where one did. */
  begin({ mesh }: Settings, level: number | undefined): void {
    const own = Object.entries(mesh).map(([name, value]) => [`mesh.${name}`, value]);
    const values = Object.fromEntries(own);
    if (level !== undefined) values['mesh.level'] = Number(level.toPrecision(3));
    this.#values.set('object', values);
  }

  show(kind: Wanted['kind']): void {
    this.#kind = kind;
    this.#place.replaceChildren(...this.#shown().map((entry) => this.#field(entry)));
  }

  /** What is wanted as it stands. @param background of a video, behind the object. */
  wanted(background: readonly [number, number, number]): Wanted {
    const values = this.#values.get(this.#kind)!;
    if (this.#kind !== 'object') return { kind: this.#kind, ...values, background } as Wanted;
    const mesh = Object.entries(values).map(([path, value]) => [path.replace('mesh.', ''), value]);
    return { kind: 'object', mesh: Object.fromEntries(mesh) };
  }

  #shown(): readonly Entry[] {
    const format = String(this.#values.get('object')?.['mesh.format']);
    return optionsOf[this.#kind].filter(({ path }) => meshOptions[path]?.includes(format) ?? true);
  }

  #field(entry: Entry): HTMLElement {
    const { path, label, help, control } = entry;
    const field = instantiate('taking-option');
    field.dataset.option = path;
    field.title = `${help}: ${control.takes}`;
    const name = find<HTMLLabelElement>(field, 'label');
    setText(name, label);
    const value = this.#values.get(this.#kind)![path];
    const input = inputFor(entry, value);
    input.id = name.htmlFor = `option-${path}`;
    field.append(input);
    input.addEventListener('change', () => {
      const typed = isBox(input) ? String(input.checked) : input.value;
      try {
        this.#values.get(this.#kind)![path] = taken(entry, typed);
        input.setCustomValidity('');
        this.#change();
        if (path === 'mesh.format') this.show('object');
      } catch (error) {
        if (!(error instanceof SettingsError)) throw error;
        input.setCustomValidity(inWords(error));
        input.reportValidity();
      }
    });
    return field;
  }
}

const isBox = (input: HTMLInputElement | HTMLSelectElement): input is HTMLInputElement =>
  input.type === 'checkbox';

/** @throws SettingsError for what a setting does not take. */
function taken(entry: Entry, text: string): unknown {
  const value = fromText(entry, text);
  if (settingEntries.includes(entry)) {
    makeSettings({ prompt: 'any' }, settingsFrom([[entry.path, value]]));
  }
  return value;
}

function inputFor({ control }: Entry, value: unknown): HTMLInputElement | HTMLSelectElement {
  if (control.kind === 'choice') {
    const select = document.createElement('select');
    select.append(...control.choices.map((one) => new Option(nameOf(one), String(one))));
    select.value = String(value);
    return select;
  }
  const input = document.createElement('input');
  if (control.kind === 'boolean') return Object.assign(input, { type: 'checkbox', checked: value });
  return Object.assign(input, { type: 'number', step: 'any', value: toText(value) });
}

/** Kinds of file are written in capitals. */
const nameOf = (value: string | number) =>
  typeof value === 'string' && value.length <= 4 && value !== 'none' && value !== 'lit'
    ? value.toUpperCase()
    : String(value);
