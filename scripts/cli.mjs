/** `npm run generate -- …` and the like: bundles the command line program if its sources changed, then runs it. */
import { adapterEnvironment, ensureAdapter } from './setup/adapter.mjs';
import { ensurePackages } from './setup/npm.mjs';
import { runHere } from './setup/process.mjs';
import { ensureProgram } from './setup/program.mjs';

ensurePackages();
ensureAdapter();
process.exitCode = await runHere(
  process.execPath,
  [await ensureProgram(), ...process.argv.slice(2)],
  adapterEnvironment(),
);
