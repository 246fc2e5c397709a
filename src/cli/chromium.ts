import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { ensureChromium, softwareAdapterFlags } from '../../scripts/setup/browser.mjs';
import { cache, root } from '../../scripts/setup/paths.mjs';

/** Keeps a browser off the network and out of sandboxes that root cannot have. */
const quiet = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A software adapter on a busy machine is slow, and not hung.
  '--disable-gpu-watchdog',
];

/** WebGPU by the machine's GPU, by Chromium's software adapter, or none. */
export type PageAdapter = 'hardware' | 'software' | 'none';

const adapterFlags: Readonly<Record<PageAdapter, readonly string[]>> = {
  hardware: ['--enable-unsafe-webgpu', '--enable-features=Vulkan', '--ignore-gpu-blocklist'],
  software: softwareAdapterFlags,
  none: ['--disable-gpu'],
};

/** A headless browser. @throws Error when there is none and none can be installed. */
export async function launchChromium(adapter: PageAdapter): Promise<Browser> {
  const { chromium } = await import('playwright-core');
  const executablePath = ensureChromium();
  const args = [...quiet, ...adapterFlags[adapter]];
  return chromium.launch({ executablePath, headless: true, args });
}

/** A page on a server of this process. */
export interface ServedPage {
  /** The folder below the server's root that the page was built into. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Builds a page as the one that is shipped is built, and serves it.
 * @param entry its HTML file, from the repository's root.
 * @param folders what else lies beside the page: folders of this machine by name.
 */
export async function servePage(
  entry = 'index.html',
  folders: Readonly<Record<string, string>> = {},
): Promise<ServedPage> {
  const { build, preview } = await import('vite');
  // Of this process alone: several may run at a time.
  const outDir = join(cache, `page-${process.pid}`);
  const below = 'somewhere/below';
  const built = { outDir: join(outDir, below), emptyOutDir: true };
  const rolldownOptions = { input: join(root, entry) };
  await build({ root, logLevel: 'error', build: { ...built, rolldownOptions } });
  for (const [name, source] of Object.entries(folders)) {
    await cp(source, join(built.outDir, name), { recursive: true });
  }
  const server = await preview({
    root,
    logLevel: 'error',
    build: { outDir },
    preview: { port: 0, host: '127.0.0.1' },
  });
  const close = async () => {
    await server.close();
    await rm(outDir, { recursive: true });
  };
  const url = server.resolvedUrls?.local[0];
  if (!url) throw new Error('The preview server has no address.');
  return { url: `${url}${below}/`, close };
}
