import { hasApt, install } from './apt.mjs';
import { isExecutable, onPath, say } from './process.mjs';

const names = ['chromium', 'google-chrome', 'google-chrome-stable', 'chromium-browser'];

/** Flags with which Chromium gives WebGPU pages its software adapter, SwiftShader, and composites their canvases. */
export const softwareAdapterFlags = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--use-angle=swiftshader',
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
  '--enable-gpu',
  '--ignore-gpu-blocklist',
];

/**
 * The path of Chromium or Chrome: CHROME_PATH, or the usual places.
 *
 * @returns {string | undefined}
 */
export function findChromium() {
  if (process.env.CHROME_PATH) return process.env.CHROME_PATH;
  return names.map(onPath).find(Boolean) ?? applicationPaths().find(isExecutable);
}

/** @returns {string[]} where installers put Chrome on systems that do not put it on PATH */
function applicationPaths() {
  if (process.platform === 'darwin') {
    return ['Google Chrome', 'Chromium'].map(
      (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
    );
  }
  if (process.platform === 'win32') {
    return [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA]
      .filter(Boolean)
      .map((folder) => `${folder}\\Google\\Chrome\\Application\\chrome.exe`);
  }
  return [];
}

/**
 * Makes sure that there is a Chromium or Chrome.
 *
 * @returns {string} its path
 * @throws {Error} with the remedy, if there is none and none can be installed
 */
export function ensureChromium() {
  const present = findChromium();
  if (present) return present;
  if (process.platform === 'linux' && hasApt())
    install(['chromium', 'fonts-liberation'], 'a browser');
  const installed = findChromium();
  if (!installed)
    throw new Error('No browser: install Chrome or Chromium, or set CHROME_PATH to one.');
  say(`browser: ${installed}`);
  return installed;
}
