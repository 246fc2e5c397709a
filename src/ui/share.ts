import {
  currentPath,
  fromText,
  type MethodId,
  methodIds,
  methodOf,
  type Preset,
  settingEntries,
  toText,
} from '../settings';
import { type Choices, firstChoices, validateChoices } from './choices';

/** The choices as the part of an address after `#`; what is as it was at first is left out. */
export function toHash(choices: Choices): string {
  const { prompt, methods, seed, preset, changes } = choices;
  const query = new URLSearchParams();
  if (prompt) query.set('prompt', prompt);
  if (methods.join() !== firstChoices.methods.join()) query.set('method', methods.join());
  if (seed !== firstChoices.seed) query.set('seed', String(seed));
  if (preset !== firstChoices.preset) query.set('preset', preset);
  for (const [name, value] of Object.entries(changes)) {
    query.set(name, toText(value));
  }
  return query.toString();
}

/**
 * The choices that an address holds.
 * @throws SettingsError naming what is not understood.
 */
export function fromHash(hash: string): Choices {
  const changes: [name: string, value: unknown][] = [];
  let choices = firstChoices;
  for (const [name, value] of new URLSearchParams(hash.replace(/^#/, ''))) {
    if (name === 'prompt') choices = { ...choices, prompt: value };
    else if (name === 'method') choices = { ...choices, methods: methodsOf(value) };
    else if (name === 'seed') choices = { ...choices, seed: Number(value) };
    else if (name === 'preset') choices = { ...choices, preset: value as Preset };
    else changes.push(changeOf(name, value));
  }
  choices = { ...choices, changes: Object.fromEntries(changes) };
  validateChoices(choices);
  return choices;
}

const methodsOf = (value: string): MethodId[] =>
  [...new Set(value.split(','))].map((name) => methodOf(name).id);

/** A changed setting, which a link of an earlier version may know by another name. */
function changeOf(name: string, text: string): [name: string, value: unknown] {
  const prefix = methodIds.map((id) => `${id}.`).find((start) => name.startsWith(start)) ?? '';
  const path = currentPath(name.slice(prefix.length));
  const entry = settingEntries.find((known) => known.path === path);
  return [prefix + path, entry ? fromText(entry, text) : text];
}
