import { existsSync, readFileSync } from 'node:fs';

/**
 * Counts what vitest reported. A file that could not be loaded is one failure, as is a run that failed without
 * naming a test: it never counts as success.
 *
 * @param {string} path of vitest's JSON report
 * @param {boolean} runFailed whether vitest's exit status says so
 */
export function countTests(path, runFailed) {
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
