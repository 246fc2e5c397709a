/**
 * Sets this machine up for the tests, as far as anything is missing: npm packages, a WebGPU adapter for Node, a
 * browser. Imports nothing but node built-ins, so that it runs in a fresh clone.
 */
import { pathToFileURL } from 'node:url';
import { ensureAdapter } from './setup/adapter.mjs';
import { ensureChromium } from './setup/browser.mjs';
import { ensurePackages } from './setup/npm.mjs';
import { orExit, say } from './setup/process.mjs';

export { adapterEnvironment } from './setup/adapter.mjs';
export { findChromium, softwareAdapterFlags } from './setup/browser.mjs';

/** @returns {{ adapter: { name: string, software: boolean }, chromium: string }} */
export function setUp() {
  ensurePackages();
  return { adapter: ensureAdapter(), chromium: ensureChromium() };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { adapter, chromium } = orExit(setUp);
  say(`ready: ${adapter.name}, ${chromium}`);
}
