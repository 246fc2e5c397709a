import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** A copy of the scripts with a WebGPU package that a test writes, and programs that it puts on PATH. */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limbeck-'));
  await cp(new URL('../../scripts', import.meta.url), join(folder, 'scripts'), { recursive: true });
  await mkdir(join(folder, 'node_modules/webgpu'), { recursive: true });
  await mkdir(join(folder, 'bin'));
  await writeFile(
    join(folder, 'node_modules/webgpu/package.json'),
    JSON.stringify({ name: 'webgpu', type: 'module', exports: './index.js' }),
  );
});
afterAll(() => rm(folder, { recursive: true }));

/** What set-up says where `webgpu` is this module and these programs are all that there are. */
async function setUp(
  webgpu: string,
  programs: Readonly<Record<string, string>> = {},
): Promise<string> {
  await writeFile(join(folder, 'node_modules/webgpu/index.js'), webgpu);
  const bin = await mkdtemp(join(folder, 'bin/'));
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(bin, name), 0o755);
  }
  const { VK_ICD_FILENAMES: _, VK_DRIVER_FILES: __, ...env } = process.env;
  const { status, stderr } = spawnSync(process.execPath, ['scripts/setup.mjs'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...env, PATH: bin },
  });
  expect(status).toBe(1);
  return stderr;
}

const noAdapter = 'export const create = () => ({ requestAdapter: async () => null });';

test('a Dawn that does not load says why, and no driver is installed for it', async () => {
  const reason = "/lib/libm.so.6: version 'GLIBC_2.99' not found";
  const words = await setUp(`throw new Error(${JSON.stringify(reason)});`, {
    'apt-get': 'exit 0',
    'dpkg-deb': 'exit 0',
  });
  expect(words).toContain(
    `does not load on this ${process.platform}-${process.arch} machine: ${reason}`,
  );
  expect(words).not.toMatch(/lavapipe|apt/);
});

test('without apt, what is missing is named, and what needs no rights', async () => {
  const words = await setUp(noAdapter);
  expect(words).toMatch(/No WebGPU adapter.*lavapipe.*VK_ICD_FILENAMES/);
});

test.runIf(process.platform === 'linux')('without a network, that is said', async () => {
  const fails = 'echo "Could not resolve host" >&2; exit 100';
  const names = ['apt-get', 'sudo'];
  const programs = Object.fromEntries(names.map((name) => [name, fails]));
  const words = await setUp(noAdapter, { ...programs, 'dpkg-deb': 'exit 0', env: fails });
  expect(words).toMatch(/network/);
  expect(words).toMatch(/mesa-vulkan-drivers/);
});

test('paths are meant from where npm was called', () => {
  const found = (environment: Readonly<Record<string, string>>) =>
    spawnSync(
      process.execPath,
      ['-e', "import('./scripts/setup/npm.mjs').then((npm) => console.log(npm.callersFolder()))"],
      { cwd: folder, encoding: 'utf8', env: { ...process.env, ...environment } },
    ).stdout.trim();
  const called = join(folder, 'bin');
  expect(found({ INIT_CWD: called, npm_package_json: join(folder, 'package.json') })).toBe(called);
  // A script of another package, which went to a folder of its own.
  expect(found({ INIT_CWD: called, npm_package_json: '/elsewhere/package.json' })).toBe(folder);
});
