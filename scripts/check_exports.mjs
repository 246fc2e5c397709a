/**
 * `npm run check:exports`: installs the programs that people open exports with, and lets each read every kind of
 * file. Arguments go to vitest: `exports.check`, `fitted.check` (a field that is fitted, as every kind; LIMBECK_OBJECT
 * names an object of your own) or `large.check` (the largest objects) choose a part, `-u` writes docs/exports.md anew.
 * Without a Python that Blender's package is made for nothing is run, and the last line says so.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { adapterEnvironment, ensureAdapter } from './setup/adapter.mjs';
import { countTests } from './setup/count.mjs';
import { ensurePackages } from './setup/npm.mjs';
import { cache, root } from './setup/paths.mjs';
import { orExit, runHere, say } from './setup/process.mjs';
import { ensurePrograms } from './setup/programs.mjs';

const python = orExit(
  () => {
    ensurePackages();
    ensureAdapter();
    return ensurePrograms();
  },
  () => console.log('0 passed, 1 failed'),
);
if (!python) {
  say('no Python 3.11 or 3.13 on PATH, for which Blender is made: exports were not checked');
  console.log('0 passed, 0 failed, 1 skipped');
  process.exit();
}
process.chdir(root);

const report = join(cache, 'exports.json');
rmSync(report, { force: true });
const status = await runHere(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    ...['run', '--config', 'tests/programs/vitest.config.ts'],
    ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    ...process.argv.slice(2),
  ],
  { ...adapterEnvironment(), LIMBECK_PROGRAMS_PYTHON: python },
);
const { passed, failed, skipped } = countTests(report, status !== 0);
console.log(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
process.exitCode = status;
