/** The command line program as one file that node runs. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { inSourceTree, root } from './paths.mjs';
import { say } from './process.mjs';

const sources = ['src', 'shaders', 'package.json', 'package-lock.json', 'vite.config.ts'];
const bundle = join(root, 'dist/cli/main.js');

/** Bundles the program unless it is newer than its sources, or came without them. Returns its path. */
export async function ensureProgram() {
  if (inSourceTree && !isUpToDate()) await bundleProgram();
  if (!existsSync(bundle)) {
    throw new Error(
      'This package lacks its program: in the source tree, make it with `npm run pack`.',
    );
  }
  return bundle;
}

/** Whether the bundle is newer than every source. */
function isUpToDate() {
  if (!existsSync(bundle)) return false;
  const built = statSync(bundle).mtimeMs;
  return sources.flatMap(filesOf).every((file) => statSync(file).mtimeMs < built);
}

/** @param {string} source file or folder, from the root; a folder counts too: files may have left it */
function filesOf(source) {
  const path = join(root, source);
  if (!statSync(path).isDirectory()) return [path];
  const inside = readdirSync(path, { recursive: true, encoding: 'utf8' });
  return [path, ...inside.map((name) => join(path, name))];
}

/** Packages stay outside the bundle: some are native, and node finds all of them in node_modules. */
async function bundleProgram() {
  say('building the command line program');
  const { build } = await import('vite');
  await build({
    root,
    logLevel: 'warn',
    build: { ssr: 'src/cli/main.ts', outDir: 'dist/cli', emptyOutDir: true, copyPublicDir: false },
  });
}
