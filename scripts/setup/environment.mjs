/** Virtual environments of Python in the cache. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onPath, outputOf, retry, run, say } from './process.mjs';

const onWindows = process.platform === 'win32';

/**
 * Makes sure that a folder holds a virtual environment with packages.
 *
 * @param {object} asked
 * @param {string} asked.folder
 * @param {string} asked.wanted text that changes when the packages do
 * @param {string[]} asked.packages arguments of `pip install`
 * @param {(major: number, minor: number) => boolean} asked.accepts which versions of Python will do
 * @param {string} asked.purpose completes "installing …" in messages
 * @returns {string | undefined} path of its interpreter; undefined if this machine has no Python that will do
 * @throws {Error} with the remedy, if the environment cannot be made
 */
export function ensureEnvironment({ folder, wanted, packages, accepts, purpose }) {
  const python = join(folder, onWindows ? 'Scripts/python.exe' : 'bin/python');
  // A copy of what was asked for, written last, so that half an installation lacks it.
  const stamp = join(folder, 'installed.toml');
  if (existsSync(python) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) {
    return python;
  }
  const system = findPython(accepts);
  if (!system) return undefined;
  say(`installing ${purpose}; this can take minutes`);
  rmSync(folder, { recursive: true, force: true });
  try {
    run(system, ['-m', 'venv', folder]);
  } catch (error) {
    throw new Error(
      `${system} cannot make a virtual environment. Install its venv module: python3-venv on Debian and Ubuntu.`,
      { cause: error },
    );
  }
  retry('pip', () =>
    run(python, ['-m', 'pip', 'install', '--disable-pip-version-check', ...packages]),
  );
  writeFileSync(stamp, wanted);
  return python;
}

/** @param {(major: number, minor: number) => boolean} accepts */
function findPython(accepts) {
  const names = onWindows ? ['python.exe'] : ['python3', 'python3.13', 'python3.12', 'python3.11'];
  return names.map(onPath).find((path) => {
    if (!path) return false;
    const version = outputOf(path, ['-c', 'import sys; print(*sys.version_info[:2])']);
    const [major = 0, minor = 0] = version.split(' ').map(Number);
    return accepts(major, minor);
  });
}
