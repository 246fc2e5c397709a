/** `npm run fuzz [-- COUNT]`: mutants of every format that is read, 20,000 of each by default. */
import { join } from 'node:path';
import { ensurePackages } from './setup/npm.mjs';
import { root } from './setup/paths.mjs';
import { runHere } from './setup/process.mjs';

ensurePackages();
process.chdir(root);
process.exitCode = await runHere(
  process.execPath,
  [join(root, 'node_modules/vitest/vitest.mjs'), 'run', 'tests/object/fuzz.test.ts'],
  { LIMBECK_FUZZ: process.argv[2] ?? '20000' },
);
