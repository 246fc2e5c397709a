import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  candidateVersion,
  dependenciesOf,
  downloadFromBackports,
  hasApt,
  install,
} from './apt.mjs';
import { cache } from './paths.mjs';
import { run, say, statusOf } from './process.mjs';

const driver = 'libvulkan_lvp.so';
const folder = join(cache, 'vulkan');
const icd = join(folder, 'icd.json');
const probe = fileURLToPath(new URL('probe.mjs', import.meta.url));

/** The oldest Mesa whose lavapipe has the features that Dawn asks for. */
const oldestMesa = 23;

/**
 * The environment in which Node finds a WebGPU adapter: the driver in the cache, if set-up put one there, and a
 * runtime folder, whose absence Vulkan drivers warn about.
 *
 * @returns {NodeJS.ProcessEnv}
 */
export function adapterEnvironment() {
  const chosen = process.env.VK_ICD_FILENAMES ?? process.env.VK_DRIVER_FILES;
  const runtime = process.env.XDG_RUNTIME_DIR ?? join(cache, 'runtime');
  mkdirSync(cache, { recursive: true });
  mkdirSync(runtime, { recursive: true, mode: 0o700 });
  return { XDG_RUNTIME_DIR: runtime, ...(!chosen && existsSync(icd) && { VK_ICD_FILENAMES: icd }) };
}

/**
 * The adapter that Node gets as things are.
 *
 * @returns {{ name: string, software: boolean } | null}
 * @throws {Error} saying why Dawn does not load: then no driver helps
 */
export function findAdapter() {
  const { status, stdout } = statusOf(process.execPath, [probe], adapterEnvironment());
  const found = readProbe(status, stdout);
  if (found && 'loadError' in found) throw new Error(dawnFailure(found.loadError));
  return found;
}

/**
 * What the probe said; null where a driver ended it.
 *
 * @param {number | null} status
 * @param {string} stdout
 * @returns {{ name: string, software: boolean } | { loadError: string } | null}
 */
function readProbe(status, stdout) {
  const said = stdout ? JSON.parse(stdout) : null;
  return status === 0 || said?.loadError ? said : null;
}

/** The systems that the npm package `webgpu` has Dawn for. */
const dawnSystems = 'Linux with glibc (x64, arm64), macOS and Windows (x64, arm64)';

/**
 * @param {string} reason the loader's
 */
function dawnFailure(reason) {
  const { platform, arch } = process;
  return (
    `Dawn, which is Node's WebGPU, does not load on this ${platform}-${arch} machine: ${reason}. The npm package ` +
    `webgpu has it for ${dawnSystems}. Where the reason names GLIBC, a newer system is needed (Debian 12, Ubuntu ` +
    '22.04 or later); where it names a file, install the package that has it. The page needs none of this: npm start.'
  );
}

/**
 * Makes sure that Node gets a WebGPU adapter: a GPU, the system's software driver, or lavapipe put into the cache.
 * Needs the npm packages.
 *
 * @returns {{ name: string, software: boolean }}
 * @throws {Error} with the remedy, if there is none and none can be installed
 */
export function ensureAdapter() {
  const present = findAdapter();
  if (present) return present;
  const chosen = process.env.VK_ICD_FILENAMES ?? process.env.VK_DRIVER_FILES;
  if (chosen) {
    throw new Error(
      `The Vulkan driver ${chosen} gives no adapter: unset VK_ICD_FILENAMES and VK_DRIVER_FILES.`,
    );
  }
  say('no WebGPU adapter: setting up lavapipe, a software driver');
  installLavapipe();
  const installed = findAdapter();
  if (!installed) {
    run(process.execPath, [probe], { env: adapterEnvironment() });
    throw new Error('lavapipe is installed, but gives no WebGPU adapter: see the messages above.');
  }
  say(`WebGPU adapter: ${installed.name}`);
  return installed;
}

/** For those who may not install anything, or have no network. */
const withoutRights =
  'Without the right to install: VK_ICD_FILENAMES may name the ICD file (a .json) of any Vulkan driver, such as ' +
  'vk_swiftshader_icd.json beside Chromium or Chrome.';

function installLavapipe() {
  if (process.platform !== 'linux' || !hasApt()) {
    throw new Error(
      `No WebGPU adapter. Install a graphics driver, or Mesa ${oldestMesa} or newer with lavapipe: ` +
        `vulkan-swrast (Arch), mesa-vulkan-drivers (Debian, Ubuntu, Fedora). ${withoutRights}`,
    );
  }
  const codename = backportsRelease();
  if (codename) installFromBackports(codename);
  else install(['libvulkan1', 'mesa-vulkan-drivers'], 'a software Vulkan driver');
}

/** @returns {string | undefined} the Debian release whose own Mesa is too old, so that its backports are needed */
function backportsRelease() {
  const release = readFileSync('/etc/os-release', 'utf8');
  if (!/^ID="?debian"?$/m.test(release)) return undefined;
  const codename = /^VERSION_CODENAME="?(\w+)"?$/m.exec(release)?.[1];
  const version = candidateVersion('mesa-vulkan-drivers');
  // Without an index apt cannot tell; Debian 12 has Mesa 22.
  const old = version ? Number.parseInt(version, 10) < oldestMesa : codename === 'bookworm';
  return old ? codename : undefined;
}

/**
 * @param {string} codename
 * @param {string} work folder for the .deb
 * @returns {string} path of the .deb
 */
function downloadDriver(codename, work) {
  try {
    return downloadFromBackports('mesa-vulkan-drivers', codename, work);
  } catch (error) {
    throw new Error(
      `There is no WebGPU adapter, and mesa-vulkan-drivers of ${codename}-backports, a software driver, could not be ` +
        `downloaded: is there a network? ${withoutRights}`,
      { cause: error },
    );
  }
}

/**
 * Puts the driver alone into the cache and lets the release's own packages provide the libraries that it links to.
 * It was made for this release, so they fit.
 *
 * @param {string} codename
 */
function installFromBackports(codename) {
  const work = mkdtempSync(join(cache, 'vulkan-'));
  try {
    const deb = downloadDriver(codename, work);
    install(dependenciesOf(deb), 'a software Vulkan driver');
    run('dpkg-deb', ['--extract', deb, join(work, 'root')]);
    const path = readdirSync(join(work, 'root'), { recursive: true, encoding: 'utf8' }).find(
      (file) => file.endsWith(`/${driver}`),
    );
    if (!path) throw new Error(`${deb} has no ${driver}`);
    mkdirSync(folder, { recursive: true });
    renameSync(join(work, 'root', path), join(folder, driver));
    const manifest = {
      file_format_version: '1.0.0',
      ICD: { library_path: `./${driver}`, api_version: '1.4.305' },
    };
    writeFileSync(icd, `${JSON.stringify(manifest, null, 2)}\n`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
