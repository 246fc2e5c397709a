import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { LimbeckError } from '../errors';
import type { ExemplarRecord } from '../prior/exemplars/exemplars';
import type { ExemplarFile } from '../prior/exemplars/own';
import { fileSource } from '../prior/exemplars/source';
import type { PartialSettings } from '../settings';
import { type Flags, numberFlag, type Parsed } from './flags';
import { filesBeside } from './object_file';

export const exemplarFlags: Flags = {
  exemplar: {
    value: 'WHAT',
    text:
      'what the prior is shown beside the prompt: auto, none, words to look for, ' +
      'or a file of your own, an object or a picture (default: auto)',
  },
  'exemplar-strength': { value: 'N', text: 'short for --exemplar.strength' },
  'keep-background': { text: "leave an exemplar's background where it is" },
};

/** What flags say of an exemplar: settings, and the file if it is one. */
export interface ExemplarChoice {
  readonly settings: PartialSettings;
  readonly path?: string;
  readonly keepBackground: boolean;
}

/** Endings of what can be shown: a file of that kind that is not there is no words. */
const endings = /[\\/]|\.(glb|gltf|obj|ply|stl|png|jpe?g|webp|avif|gif|bmp|tga)$/i;

/** @throws SettingsError for a strength that is no number from 0 to 1. */
export function exemplarChoice(parsed: Parsed): ExemplarChoice {
  const what = parsed.get('exemplar');
  const strength = numberFlag(parsed, 'exemplar-strength', undefined, 0, 1);
  const isFile =
    what !== undefined &&
    (statSync(what, { throwIfNoEntry: false })?.isFile() || endings.test(what));
  const source = isFile ? fileSource(basename(what)) : what;
  return {
    settings: {
      exemplar: {
        ...(source !== undefined && { source }),
        ...(strength !== undefined && { strength }),
      },
    },
    ...(isFile && { path: what }),
    keepBackground: parsed.has('keep-background'),
  };
}

/** The file of a choice. @throws LimbeckError when it cannot be read. */
export async function exemplarFile(choice: ExemplarChoice): Promise<ExemplarFile | undefined> {
  const { path, keepBackground } = choice;
  return path === undefined ? undefined : ownFile(path, '--exemplar', keepBackground);
}

/** A person's own file. @param flag that named it. @throws LimbeckError when it cannot be read. */
export async function ownFile(
  path: string,
  flag: string,
  keepBackground = false,
): Promise<ExemplarFile> {
  const bytes = await readFile(path).catch((error: Error) => {
    throw new LimbeckError(`${path} cannot be read: ${error.message}.`, `Check ${flag}.`);
  });
  return {
    name: basename(path),
    bytes: new Uint8Array(bytes),
    beside: filesBeside(path),
    keepBackground,
  };
}

/** What is shown, and whose it is. */
export function exemplarWords(record: ExemplarRecord): string {
  if (record.from === 'file') {
    return `Exemplar: ${record.name}, ${record.views === 1 ? 'one view' : `${record.views} views`}`;
  }
  const { name, author, source, licence } = record;
  return `Exemplar: '${name}' by ${author} (${source}, ${licence})`;
}
