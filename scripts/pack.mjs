/**
 * `npm run pack`: the package as one file, limbeck-VERSION.tgz, for `npx`. Arguments go to `npm pack`, which alone
 * would forget the command line program: it is bundled here, since node runs no TypeScript below node_modules.
 */
import { ensurePackages } from './setup/npm.mjs';
import { root } from './setup/paths.mjs';
import { runHere } from './setup/process.mjs';
import { ensureProgram } from './setup/program.mjs';

ensurePackages();
await ensureProgram();
process.chdir(root);
process.exitCode = await runHere('npm', ['pack', '--ignore-scripts', ...process.argv.slice(2)]);
