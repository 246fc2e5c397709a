import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { FilesBeside } from '../../src/object/files_beside';

const folder = new URL('cases', import.meta.url).pathname;

/** Small objects, each odd in one way, and the files that they name; by their paths. */
export const caseFiles: ReadonlyMap<string, Uint8Array<ArrayBuffer>> = new Map(
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [relative(folder, path), new Uint8Array(readFileSync(path))]),
);

/** Files that lie in memory, by their paths. */
export const besideOf = (files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>): FilesBeside => ({
  read: async (path) => files.get(path),
  list: async () => [...files.keys()],
});
