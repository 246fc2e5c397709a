#!/usr/bin/env node
/**
 * `npx limbeck generate …`, and `npm run generate -- …` in the source tree, where the command line program is first
 * bundled if its sources changed.
 */
import { adapterEnvironment, ensureAdapter } from './setup/adapter.mjs';
import { callersFolder, ensurePackages } from './setup/npm.mjs';
import { orExit, runHere } from './setup/process.mjs';
import { ensureProgram } from './setup/program.mjs';

orExit(() => {
  ensurePackages();
  ensureAdapter();
});
const program = await ensureProgram();
const environment = adapterEnvironment();
// Paths on the command line are meant from where the person is.
process.chdir(callersFolder());
process.exitCode = await runHere(
  process.execPath,
  [program, ...process.argv.slice(2)],
  environment,
);
