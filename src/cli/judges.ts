import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { LocalFiles } from '../prior/files';
import { loadRetrieval, type RetrievalFiles } from '../retrieval/files';

const models = fileURLToPath(new URL('../../models', import.meta.url));

/** The networks that ship: what is optimised is never what judges. */
export const judges = { scorer: 'scorer', reward: 'reward' } as const;

/**
 * The files of a network that judges views.
 * @param name one that ships, or a folder.
 * @throws LimbeckError when it is missing or damaged.
 */
export function readJudge(name: string): Promise<RetrievalFiles> {
  const folder = Object.hasOwn(judges, name) ? `${models}/${name}` : name;
  return loadRetrieval(new LocalFiles(folder, readFile), folder);
}
