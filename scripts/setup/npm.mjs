import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { inSourceTree, root } from './paths.mjs';
import { retry, run, say } from './process.mjs';

/**
 * The folder that this was called from. npm runs a package's scripts in its root and says where the person was.
 *
 * @returns {string}
 */
export function callersFolder() {
  const { INIT_CWD: called, npm_package_json: manifest } = process.env;
  // Another package's script that calls this one is where it says that it is.
  const isOurScript = process.cwd() === resolve(root) && manifest === join(root, 'package.json');
  return (isOurScript && called) || process.cwd();
}

/** Makes sure that node_modules holds what package-lock.json asks for; of an installed package npm has seen to it. */
export function ensurePackages() {
  if (!inSourceTree || isInstalled()) return;
  say('installing the npm packages; this can take minutes');
  try {
    retry('npm ci', () =>
      run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], { cwd: root }),
    );
  } catch (error) {
    throw new Error(
      'The npm packages could not be installed. That needs a network and room on the disk, once: run `npm ci` in ' +
        `${root} where there is one, or bring its node_modules from a machine of the same kind.`,
      { cause: error },
    );
  }
  // There the install script of Dawn, which .npmrc keeps from running, lifts a quarantine from its binary.
  if (process.platform === 'darwin') {
    run('npm', ['rebuild', 'webgpu', '--ignore-scripts=false'], { cwd: root });
  }
}

/** Whether every package of the lockfile is there in its version, except those for other platforms. */
function isInstalled() {
  const wanted = packagesOf('package-lock.json');
  const present = packagesOf('node_modules/.package-lock.json');
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' || present[path]?.version === version || (optional && !present[path]),
  );
}

/**
 * @param {string} lockfile path from the root
 * @returns {Record<string, { version: string, optional?: boolean }>} by path; empty if there is no such lockfile
 */
function packagesOf(lockfile) {
  try {
    return JSON.parse(readFileSync(join(root, lockfile), 'utf8')).packages;
  } catch {
    return {};
  }
}
