import { type Method, methods, type Preset, SettingsError } from '../settings';
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
    query.set(name, typeof value === 'string' ? value : JSON.stringify(value));
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
    else changes.push([name, parsed(value)]);
  }
  choices = { ...choices, changes: Object.fromEntries(changes) };
  validateChoices(choices);
  return choices;
}

function methodsOf(value: string): Method[] {
  const names = [...new Set(value.split(','))];
  const unknown = names.find((name) => !Object.hasOwn(methods, name));
  if (unknown === undefined) return names as Method[];
  throw new SettingsError(
    `Unknown method '${unknown}': choose among ${Object.keys(methods).join(', ')}.`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
