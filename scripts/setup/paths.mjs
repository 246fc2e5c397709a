import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** What set-up fetched for this machine; git ignores it and it can be deleted at any time. */
export const cache = join(root, '.cache');
