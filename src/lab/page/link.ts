/** The part of an address after `#`: which page of the lab, and its settings where they differ from the defaults. */
import type { GenericSchema, InferOutput } from 'valibot';
import type { Entry } from '../../schema';
import { complete, fromText, SettingsError, toText } from '../../schema';

/** What an address holds. */
export interface Place {
  readonly page: string;
  readonly query: URLSearchParams;
}

export function placeOf(hash: string): Place {
  const [page = '', ...rest] = hash.replace(/^#/, '').split('?');
  return { page, query: new URLSearchParams(rest.join('?')) };
}

/**
 * Settings out of an address.
 * @param own names that the page reads by itself.
 * @throws SettingsError naming a setting that is unknown or cannot hold its value.
 */
export function settingsFrom<S extends GenericSchema>(
  schema: S,
  entries: readonly Entry[],
  query: URLSearchParams,
  own: readonly string[] = [],
): InferOutput<S> {
  refuseUnknown(query, [...own, ...entries.map(({ path }) => path)]);
  const values = entries.flatMap((entry) => {
    const text = query.get(entry.path);
    return text === null ? [] : [[entry.path, fromText(entry, text)] as const];
  });
  return complete(schema, Object.fromEntries(values));
}

/** @throws SettingsError naming what a page of those names does not know. */
export function refuseUnknown(query: URLSearchParams, known: readonly string[]): void {
  const unknown = [...query.keys()].find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new SettingsError(
    `The link has '${unknown.slice(0, 40)}', which this page does not know.`,
    'The page shows its defaults.',
  );
}

/** Settings as an address holds them. */
export function settingsInto(
  entries: readonly Entry[],
  values: Readonly<Record<string, unknown>>,
): URLSearchParams {
  const query = new URLSearchParams();
  for (const entry of entries) {
    const value = values[entry.path];
    if (value !== entry.default) query.set(entry.path, toText(value));
  }
  return query;
}
