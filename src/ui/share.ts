import {
  currentPath,
  fromText,
  type GeneratorId,
  type MethodId,
  methodIds,
  methodOf,
  type Preset,
  SettingsError,
  settingEntries,
  toText,
} from '../settings';
import {
  type Changes,
  type Choices,
  firstChoices,
  type RunChoice,
  validateChoices,
} from './choices';

/** Names in an address that are not those of changed settings. */
const ownNames = ['prompt', 'method', 'seed', 'preset', 'generator'];

/** The methods of links that name none: an earlier version left out what were its first choices. */
const unsaidMethods = 'sds,vsd';

const methodsOf = (runs: readonly RunChoice[]) => runs.map(({ method }) => method).join();

/**
 * The choices as the part of an address after `#`, empty for the first ones; of others the methods are named, and
 * what else is as it was at first is left out.
 * `method` names the method of each run, `3.seed` is the seed of the third of them alone.
 */
export function toHash(choices: Choices): string {
  const { prompt, seed, preset, generator, changes, runs } = choices;
  const query = new URLSearchParams();
  if (prompt) query.set('prompt', prompt);
  query.set('method', methodsOf(runs));
  if (generator !== firstChoices.generator) query.set('generator', generator);
  if (seed !== firstChoices.seed) query.set('seed', String(seed));
  if (preset !== firstChoices.preset) query.set('preset', preset);
  for (const [path, value] of Object.entries(changes)) query.set(path, toText(value));
  for (const [i, run] of runs.entries()) {
    for (const [path, value] of Object.entries(run.changes)) {
      query.set(`${i + 1}.${path}`, toText(value));
    }
  }
  const isFirst = query.size === 1 && methodsOf(runs) === methodsOf(firstChoices.runs);
  return isFirst ? '' : query.toString();
}

/** What an address cannot hold of choices. */
export interface RunLink {
  readonly hash: string;
  /** What it leaves out, in sentences. */
  readonly notes: readonly string[];
}

/** An address to make a run anew elsewhere: files of a person's own stay with them. */
export function runLink(choices: Choices): RunLink {
  const changes = Object.entries(choices.changes);
  const given = changes.filter(([, value]) => !String(value).startsWith('file:'));
  if (given.length === changes.length) return { hash: toHash(choices), notes: [] };
  const note =
    'It was shown a file of your own, which a link cannot carry: the file of the whole run has it.';
  return { hash: toHash({ ...choices, changes: Object.fromEntries(given) }), notes: [note] };
}

/**
 * The choices that an address holds. In links of earlier versions a method's name instead of a run's number is before
 * the settings of its guidance.
 * @throws SettingsError naming what is not understood.
 */
export function fromHash(hash: string): Choices {
  const query = new URLSearchParams(hash.replace(/^#/, ''));
  const { runs: firstRuns, ...first } = firstChoices;
  const unsaid = query.size === 0 ? methodsOf(firstRuns) : unsaidMethods;
  const methods = (query.get('method') ?? unsaid).split(',');
  const given = [...query]
    .filter(([name]) => !ownNames.includes(name))
    .map(([name, text]) => changeOf(name, text, methods.length));
  const changesOf = (...owners: readonly Owner[]): Changes =>
    Object.fromEntries(
      given.flatMap(({ owner, path, value }) => (owners.includes(owner) ? [[path, value]] : [])),
    );
  const choices: Choices = {
    prompt: query.get('prompt') ?? first.prompt,
    seed: Number(query.get('seed') ?? first.seed),
    preset: (query.get('preset') ?? first.preset) as Preset,
    generator: (query.get('generator') ?? first.generator) as GeneratorId,
    changes: changesOf('all'),
    runs: methods.map((name, i) => {
      const method = methodOf(name).id;
      return { method, changes: changesOf(method, i) };
    }),
  };
  validateChoices(choices);
  // An earlier version kept the settings of methods that did not run.
  for (const method of methodIds) {
    validateChoices({ ...choices, runs: [{ method, changes: changesOf(method) }] });
  }
  return choices;
}

/** Whose setting was changed: a run's by its place, those of a method, or all runs'. */
type Owner = number | MethodId | 'all';

interface Change {
  readonly owner: Owner;
  readonly path: string;
  readonly value: unknown;
}

/** A changed setting, which a link of an earlier version may know by another name. */
function changeOf(name: string, text: string, count: number): Change {
  const [first = '', ...rest] = name.split('.');
  const owner = ownerOf(first, count);
  const path = currentPath(owner === 'all' ? name : rest.join('.'));
  const entry = settingEntries.find((known) => known.path === path);
  return { owner, path, value: entry ? fromText(entry, text) : text };
}

function ownerOf(first: string, count: number): Owner {
  if (!/^\d+$/.test(first)) return methodIds.find((id) => id === first) ?? 'all';
  const place = Number(first);
  if (place >= 1 && place <= count) return place - 1;
  throw new SettingsError(
    `There is no run ${first}.`,
    `Name one of those that 'method' has: ${count === 1 ? '1' : `1 to ${count}`}.`,
  );
}
