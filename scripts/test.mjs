/** `npm test`: sets the machine up, then runs every static check and every test. Arguments go to vitest. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { countTests } from './setup/count.mjs';
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
