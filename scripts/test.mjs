/** `npm test`: sets the machine up, then runs every static check and every test. Arguments go to vitest. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cache, root } from './setup/paths.mjs';
import { orExit, runHere, say } from './setup/process.mjs';
import { adapterEnvironment, setUp } from './setup.mjs';

const { adapter, chromium } = orExit(setUp, () => console.log('0 passed, 1 failed'));
say(`tests run on ${adapter.name} (Node ${process.version}) and in ${chromium}`);
process.chdir(root);

const checks = await runHere('npm', ['run', 'check']);

const report = join(cache, 'tests.json');
rmSync(report, { force: true });
const tests = await runHere(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    ...['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    ...process.argv.slice(2),
  ],
  { ...adapterEnvironment(), CHROME_PATH: chromium },
);

const { passed, failed, skipped } = countTests(report, tests !== 0);
if (checks !== 0) console.log('The static checks (npm run check) failed: counted as one failure.');
console.log(
  `${passed} passed, ${failed + (checks !== 0 ? 1 : 0)} failed${skipped ? `, ${skipped} skipped` : ''}`,
);
process.exitCode = checks || tests;

/**
 * Counts what vitest reported. A file that could not be loaded is one failure, as is a run that failed without
 * naming a test: it never counts as success.
 *
 * @param {string} path of vitest's JSON report
 * @param {boolean} runFailed whether vitest's exit status says so
 */
function countTests(path, runFailed) {
  if (!existsSync(path)) return { passed: 0, failed: 1, skipped: 0 };
  const report = JSON.parse(readFileSync(path, 'utf8'));
  /** @type {{ status: string, assertionResults: unknown[] }[]} */
  const files = report.testResults;
  const notLoaded = files.filter(
    (file) => file.status === 'failed' && !file.assertionResults.length,
  );
  const failed = report.numFailedTests + notLoaded.length;
  return {
    passed: report.numPassedTests,
    failed: runFailed ? Math.max(1, failed) : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}
