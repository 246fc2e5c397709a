/**
 * `npm run test:onnx`: sets Python up and runs `src/onnx` on ONNX's own node tests, which the package `onnx` makes, and on
 * tiny networks of diffusers and transformers, against PyTorch's gradients; and distils a tiny Stable Diffusion, each step
 * against PyTorch's. The table in docs/onnx.md is written by the run. `-- --part` leaves the networks and most of the node
 * tests out, and takes a minute. Without a Python that is new enough nothing is run, and the last line says so.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache, root } from './setup/paths.mjs';
import { orExit, retry, run, runHere, say } from './setup/process.mjs';
import { ensurePython } from './setup/python.mjs';
import { adapterEnvironment, setUp } from './setup.mjs';

const given = process.argv.slice(2).filter((argument) => argument !== '--part');
const isPart = process.argv.includes('--part');

const python = orExit(ensurePython, () => console.log('0 passed, 1 failed'));
if (!python) {
  say("no Python 3.11 or newer on PATH: ONNX's node tests were not run");
  console.log('0 passed, 0 failed, 1 skipped');
  process.exit();
}
orExit(setUp, () => console.log('0 passed, 1 failed'));

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

/** What the networks need beside the packages of models/training; none of their own dependencies is missing there. */
const PACKAGES = [
  ...['diffusers==0.42.1', 'onnxscript==0.7.2', 'onnx_ir==1.1.0', 'requests==2.34.2'],
  ...['urllib3==2.8.0', 'charset_normalizer==3.5.3', 'importlib_metadata==10.2.0', 'zipp==4.1.2'],
  'certifi==2026.10.19.post1',
];
const graphs = join(cache, 'graphs');
const packages = join(graphs, 'packages');

/**
 * Makes something once for these versions of the packages.
 * @param {string} name of the command that makes it, and of its folder
 * @param {() => void} make
 */
function once(name, make) {
  const stamp = join(graphs, `${name}.json`);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === JSON.stringify(PACKAGES)) return;
  rmSync(join(graphs, name), { recursive: true, force: true });
  make();
  writeFileSync(stamp, JSON.stringify(PACKAGES));
}

mkdirSync(graphs, { recursive: true });
once('packages', () => {
  say('fetching diffusers');
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps'];
  retry('pip', () => run(python, [...pip, '--target', packages, ...PACKAGES]));
});
for (const name of isPart ? ['pipeline'] : ['pipeline', 'networks']) {
  once(name, () => {
    say(`making the ${name} of diffusers and transformers`);
    process.chdir(join(root, 'models'));
    run(python, ['-m', 'training', name, join(graphs, name)], {
      env: { PYTHONPATH: packages, OMP_NUM_THREADS: '1' },
    });
  });
}
process.chdir(root);
const report = join(cache, 'onnx.json');
rmSync(report, { force: true });
const status = await runHere(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    ...['run', 'tests/onnx/node_tests.test.ts', 'tests/prior/pipeline.test.ts'],
    ...(isPart ? [] : ['tests/onnx/networks_of_others.test.ts']),
    ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    ...given,
  ],
  { ...adapterEnvironment(), ONNX_NODE_TESTS: isPart ? 'part' : 'all' },
);
/** @type {{ numPassedTests: number, numFailedTests: number }} */
const counts = existsSync(report)
  ? JSON.parse(readFileSync(report, 'utf8'))
  : { numPassedTests: 0, numFailedTests: 0 };
const failed = status === 0 ? 0 : Math.max(1, counts.numFailedTests);
console.log(`${counts.numPassedTests} passed, ${failed} failed`);
process.exitCode = status;
