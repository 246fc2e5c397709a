import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import validator from 'gltf-validator';
import { afterAll, beforeAll, expect, test } from 'vitest';

const call = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

let folder: string;
let installed: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limbeck-package-'));
  await call(process.execPath, [join(root, 'scripts/pack.mjs'), '--pack-destination', folder]);
  const [archive] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
  // As npm installs it, but with the packages that are here already.
  installed = join(folder, 'node_modules/limbeck');
  await mkdir(installed, { recursive: true });
  await call('tar', ['-xzf', join(folder, archive!), '--strip-components=1', '-C', installed]);
  await symlink(join(root, 'node_modules'), join(installed, 'node_modules'), 'junction');
});
afterAll(() => rm(folder, { recursive: true }));

test('a package makes an object in an empty folder, with the priors that it brings', {
  timeout: 240_000,
}, async () => {
  const { bin } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
  const empty = join(folder, 'empty');
  await mkdir(empty);
  const quick = ['--preset', 'tiny', '--method', 'sds', '--steps', '2', '--mesh.resolution', '24'];
  await call(
    process.execPath,
    [join(installed, bin.limbeck), 'generate', 'a cube', '--out', 'cube', ...quick],
    { cwd: empty, env: { ...process.env, INIT_CWD: empty } },
  );
  expect(await readdir(empty)).toEqual(['cube']);
  const glb = await readFile(join(empty, 'cube/mesh.glb'));
  const report = await validator.validateBytes(new Uint8Array(glb));
  expect(report.issues.messages).toEqual([]);
});

test('a package has no sources, no training and no tests, and fits into 50 MB', async () => {
  const names = await readdir(installed);
  expect(names.sort()).toEqual(
    ['LICENSE', 'README.md', 'dist', 'models', 'node_modules', 'package.json', 'scripts'].sort(),
  );
  expect(await readdir(join(installed, 'models'))).not.toContain('training');
  const [archive] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
  expect((await stat(join(folder, archive!))).size).toBeLessThan(50e6);
});
