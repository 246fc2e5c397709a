/**
 * `npm run test:training`: sets Python up, then runs ruff and pytest on models/training. Arguments go to pytest.
 * Without a Python that is new enough nothing is run, and the last line says so.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cache, root } from './setup/paths.mjs';
import { orExit, runHere, say } from './setup/process.mjs';
import { ensurePython } from './setup/python.mjs';

const python = orExit(ensurePython, () => console.log('0 passed, 1 failed'));
if (!python) {
  say('no Python 3.11 or newer on PATH: the checks of models/training were not run');
  console.log('0 passed, 0 failed, 1 skipped');
  process.exit();
}
process.chdir(join(root, 'models'));

const ruff = (/** @type {string[]} */ ...args) => runHere(python, ['-m', 'ruff', ...args]);
const checks = (await ruff('check', 'training')) || (await ruff('format', '--check', 'training'));

const report = join(cache, 'training.xml');
rmSync(report, { force: true });
const tests = await runHere(
  python,
  ['-m', 'pytest', 'training', `--junit-xml=${report}`, ...process.argv.slice(2)],
  // One thread: networks as small as those of the tests lose more to waiting than they gain.
  { OMP_NUM_THREADS: '1' },
);

const { passed, failed, skipped } = countTests(report, tests !== 0);
if (checks !== 0) console.log('Ruff failed: counted as one failure.');
console.log(
  `${passed} passed, ${failed + (checks !== 0 ? 1 : 0)} failed${skipped ? `, ${skipped} skipped` : ''}`,
);
process.exitCode = checks || tests;

/**
 * Counts what pytest reported. A run that failed without naming a test counts as one failure.
 *
 * @param {string} path of pytest's JUnit report
 * @param {boolean} runFailed whether pytest's exit status says so
 */
function countTests(path, runFailed) {
  const suite = existsSync(path)
    ? /<testsuite [^>]*>/.exec(readFileSync(path, 'utf8'))?.[0]
    : undefined;
  const count = (/** @type {string} */ name) =>
    Number(new RegExp(` ${name}="(\\d+)"`).exec(suite ?? '')?.[1] ?? 0);
  const failed = count('failures') + count('errors');
  return {
    passed: count('tests') - failed - count('skipped'),
    failed: runFailed ? Math.max(1, failed) : failed,
    skipped: count('skipped'),
  };
}
