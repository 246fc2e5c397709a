import { hasApt, install } from './apt.mjs';
import { onPath, say } from './process.mjs';

/**
 * Makes sure that there is a Redis server, for the queue of `npm run evaluate`. Nothing but its tests needs it to be on
 * this machine.
 *
 * @returns {string} the path of the server
 * @throws {Error} with the remedy, if there is none and none can be installed
 */
export function ensureRedis() {
  const present = onPath('redis-server');
  if (present) return present;
  if (process.platform === 'linux' && hasApt())
    install(['redis-server'], 'the queue of evaluations');
  const installed = onPath('redis-server');
  if (!installed) throw new Error('No Redis: install redis-server, so that it is on PATH.');
  say(`Redis: ${installed}`);
  return installed;
}
