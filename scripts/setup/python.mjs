/** The Python in which the priors are trained, with the packages that `models/training/pyproject.toml` pins. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureEnvironment } from './environment.mjs';
import { cache, root } from './paths.mjs';

const training = join(root, 'models/training');

/** The oldest version that the packages run on: `requires-python` of the project. */
const oldest = { major: 3, minor: 11 };

/**
 * Makes sure that the cache holds a virtual environment with the pinned packages.
 *
 * @returns {string | undefined} path of its interpreter; undefined if this machine has no Python that is new enough
 * @throws {Error} with the remedy, if the environment cannot be made
 */
export const ensurePython = () =>
  ensureEnvironment({
    folder: join(cache, 'python'),
    wanted: readFileSync(join(training, 'pyproject.toml'), 'utf8'),
    packages: [`${training}[check]`],
    accepts: (major, minor) =>
      major > oldest.major || (major === oldest.major && minor >= oldest.minor),
    purpose: 'the Python packages of models/training',
  });
