/** The Python in which the priors are trained, with the packages that `models/training/pyproject.toml` pins. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache, root } from './paths.mjs';
import { onPath, outputOf, retry, run, say } from './process.mjs';

const training = join(root, 'models/training');
const folder = join(cache, 'python');
const onWindows = process.platform === 'win32';
const python = join(folder, onWindows ? 'Scripts/python.exe' : 'bin/python');

/** What was installed: a copy of the file that asked for it, written last, so that half an installation lacks it. */
const stamp = join(folder, 'installed.toml');

/** The oldest version that the packages run on: `requires-python` of the project. */
const oldest = { major: 3, minor: 11 };

/**
 * Makes sure that the cache holds a virtual environment with the pinned packages.
 *
 * @returns {string | undefined} path of its interpreter; undefined if this machine has no Python that is new enough
 * @throws {Error} with the remedy, if the environment cannot be made
 */
export function ensurePython() {
  const wanted = readFileSync(join(training, 'pyproject.toml'), 'utf8');
  if (existsSync(python) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) {
    return python;
  }
  const system = findPython();
  if (!system) return undefined;
  say('installing the Python packages of models/training; this can take minutes');
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
    run(python, ['-m', 'pip', 'install', '--disable-pip-version-check', `${training}[check]`]),
  );
  writeFileSync(stamp, wanted);
  return python;
}

/** @returns {string | undefined} a Python on PATH that is new enough */
function findPython() {
  const names = onWindows ? ['python.exe'] : ['python3', 'python3.13', 'python3.12', 'python3.11'];
  return names.map(onPath).find((path) => {
    if (!path) return false;
    const version = outputOf(path, ['-c', 'import sys; print(*sys.version_info[:2])']);
    const [major = 0, minor = 0] = version.split(' ').map(Number);
    return major > oldest.major || (major === oldest.major && minor >= oldest.minor);
  });
}
