import * as v from 'valibot';
import type { Control, Words } from './kinds';

/** One setting of a schema. */
export interface Entry extends Words {
  /** Dotted: `field.levels`. */
  readonly path: string;
  /** The title of its group; empty for a setting that is in none. */
  readonly group: string;
  readonly default: unknown;
  readonly control: Control;
}

interface Group {
  readonly entries: v.ObjectEntries;
}

/** The settings of a schema, in its order. */
export function entriesOf({ entries }: Group, prefix = '', group = ''): Entry[] {
  return Object.entries(entries).flatMap(([key, member]) => {
    const path = prefix + key;
    if ('entries' in member) {
      return entriesOf(
        member as unknown as Group,
        `${path}.`,
        v.getTitle(member as v.GenericSchema),
      );
    }
    const { wrapped } = member as v.OptionalSchema<v.GenericSchema, unknown>;
    return [
      {
        path,
        group,
        label: v.getTitle(wrapped) ?? key,
        help: v.getDescription(wrapped) ?? '',
        default: v.getDefault(member as v.GenericSchema),
        control: v.getMetadata(wrapped).control as Control,
      },
    ];
  });
}

/** Settings by the title of their group, in order. */
export const byGroup = (entries: readonly Entry[]): [group: string, members: Entry[]][] =>
  [...new Set(entries.map(({ group }) => group))].map((group) => [
    group,
    entries.filter((entry) => entry.group === group),
  ]);

/** The value that a text stands for; what stands for none is left for the schema to refuse. */
export function fromText({ control }: Entry, text: string): unknown {
  switch (control.kind) {
    case 'integer':
    case 'number':
      return numeric(text);
    case 'schedule': {
      const numbers = text.replace(/[[\]]/g, '').split(',').map(numeric);
      return numbers.length === 1 ? numbers[0] : numbers;
    }
    case 'choice':
      return control.choices.find((known) => String(known) === text) ?? text;
    case 'boolean':
      return text === 'true' || (text === 'false' ? false : text);
    case 'text':
      return text;
  }
}

/** The inverse of {@link fromText}. */
export const toText = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);

const numeric = (text: string) =>
  text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
