/** The programs that exports are checked with: Blender, trimesh and OpenUSD of PyPI, assimp and PrusaSlicer. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasApt, install } from './apt.mjs';
import { ensureEnvironment } from './environment.mjs';
import { cache, root } from './paths.mjs';
import { onPath } from './process.mjs';

const requirements = join(root, 'tests/programs/requirements.txt');

/** Blender's package is made for these versions of Python 3 alone. */
const minors = [11, 13];

/**
 * Makes sure that this machine has the programs: those of PyPI in the cache, the others on PATH.
 *
 * @returns {string | undefined} path of the Python that has them; undefined if this machine has no Python for them
 * @throws {Error} with the remedy, if one is missing and cannot be installed
 */
export function ensurePrograms() {
  const missing = ['assimp', 'prusa-slicer'].filter((name) => !onPath(name));
  if (missing.length > 0) {
    if (!hasApt()) throw new Error(`To check exports, put ${missing.join(' and ')} on PATH.`);
    install(['assimp-utils', 'prusa-slicer'], 'checking exports');
  }
  return ensureEnvironment({
    folder: join(cache, 'programs'),
    wanted: readFileSync(requirements, 'utf8'),
    packages: ['-r', requirements],
    accepts: (major, minor) => major === 3 && minors.includes(minor),
    purpose: 'Blender, trimesh and OpenUSD (PyPI, 1.2 GB)',
  });
}
