import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Whether this is the repository, not the package that `npm pack` makes of it. */
export const inSourceTree = existsSync(join(root, 'src'));

/** What set-up fetched for this machine; git ignores it and it can be deleted at any time. */
export const cache = inSourceTree ? join(root, '.cache') : join(userCache(), 'limbeck');

/** Where this system keeps what programs can fetch again. An installed package's own folder may be read-only. */
function userCache() {
  if (process.platform === 'win32') {
    return process.env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local');
  }
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches');
  return process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
}
