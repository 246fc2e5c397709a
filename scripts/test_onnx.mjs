/**
 * `npm run test:onnx`: sets Python up, has the package `onnx` make its node tests, and runs `src/onnx` on all of them. The
 * table in docs/onnx.md is written by the run. Without a Python that is new enough nothing is run, and the last line says
 * so.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cache, root } from './setup/paths.mjs';
import { orExit, run, runHere, say } from './setup/process.mjs';
import { ensurePython } from './setup/python.mjs';

const python = orExit(ensurePython, () => console.log('0 passed, 1 failed'));
if (!python) {
  say("no Python 3.11 or newer on PATH: ONNX's node tests were not run");
  console.log('0 passed, 0 failed, 1 skipped');
  process.exit();
}

const cases = join(cache, 'onnx/node_tests.jsonl');
const wanted = /"onnx==([^"]+)"/.exec(
  readFileSync(join(root, 'models/training/pyproject.toml'), 'utf8'),
)?.[1];
const made = existsSync(cases) && readFileSync(cases, 'utf8').startsWith(`{"onnx": "${wanted}"`);
if (!made) {
  say(`making the node tests of onnx ${wanted}`);
  mkdirSync(join(cache, 'onnx'), { recursive: true });
  process.chdir(join(root, 'models'));
  run(python, ['-m', 'training', 'node_tests', cases]);
}
process.chdir(root);
const report = join(cache, 'onnx.json');
rmSync(report, { force: true });
const status = await runHere(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    ...['run', 'tests/onnx/node_tests.test.ts', '--reporter=default', '--reporter=json'],
    ...[`--outputFile.json=${report}`, ...process.argv.slice(2)],
  ],
  { ONNX_NODE_TESTS: 'all' },
);
/** @type {{ numPassedTests: number, numFailedTests: number }} */
const counts = existsSync(report)
  ? JSON.parse(readFileSync(report, 'utf8'))
  : { numPassedTests: 0, numFailedTests: 0 };
const failed = status === 0 ? 0 : Math.max(1, counts.numFailedTests);
console.log(`${counts.numPassedTests} passed, ${failed} failed`);
process.exitCode = status;
