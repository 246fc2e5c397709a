import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build, type PreviewServer, preview } from 'vite';
import { findChromium, softwareAdapterFlags } from '../../scripts/setup/browser.mjs';
import { cache, root } from '../../scripts/setup/paths.mjs';
import type { Report } from '../../src/train/messages';

/** Keeps a browser of a test off the network and out of sandboxes that root cannot have. */
const quiet = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The page as it is shipped: built, then served from a folder below the server's root. */
export async function servePage(): Promise<{ url: string; close: () => Promise<void> }> {
  // Of this process alone: tests may run twice at a time.
  const outDir = join(cache, `page-${process.pid}`);
  const folder = 'somewhere/below';
  const built = { outDir: join(outDir, folder), emptyOutDir: true };
  await build({ root, logLevel: 'error', build: built });
  const server: PreviewServer = await preview({
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
  return { url: `${url}${folder}/`, close };
}

/** @param adapter false: a browser in which WebGPU has nothing to run on. */
export function launch(adapter: boolean): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error('No browser: run `npm test`, which installs one.');
  const args = [...quiet, ...(adapter ? softwareAdapterFlags : ['--disable-gpu'])];
  return chromium.launch({ executablePath, headless: true, args });
}

/** What a page did while nobody looked. */
export interface Recording {
  /** Console errors and uncaught exceptions. */
  readonly errors: readonly string[];
  /** Reports of the engine, in order, without files. */
  reports(): Promise<Report[]>;
}

interface Recorded {
  reports: Report[];
}

/** Records from the page's first script on. */
export async function record(page: Page): Promise<Recording> {
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(error.message));
  await page.addInitScript(() => {
    const recorded: Recorded = { reports: [] };
    Object.assign(window, { recorded });
    const { Worker } = window;
    window.Worker = class extends Worker {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        this.addEventListener('message', ({ data }: MessageEvent<Report>) => {
          recorded.reports.push(data.type === 'saved' ? { ...data, files: [] } : data);
        });
      }
    };
  });
  const read = () => page.evaluate(() => (window as unknown as { recorded: Recorded }).recorded);
  return { errors, reports: async () => (await read()).reports };
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds of processor time. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/**
 * Does something and returns how long the page's main thread worked at each task meanwhile, in
 * milliseconds of processor time: by the clock, any task is long on a machine that is busy otherwise.
 */
export async function tasksDuring(page: Page, act: () => Promise<void>): Promise<number[]> {
  const browser = page.context().browser();
  if (!browser) throw new Error('The page has no browser.');
  await browser.startTracing(page, { categories: ['-*', 'toplevel'] });
  await act();
  const trace = await browser.stopTracing();
  const { traceEvents: events } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] };
  const thread = ({ pid, tid }: TraceEvent) => `${pid}:${tid}`;
  const main = new Set(
    events.filter(({ args }) => args.name === 'CrRendererMain').map((event) => thread(event)),
  );
  return events
    .filter((event) => event.ph === 'X' && main.has(thread(event)))
    .map(({ tdur = 0 }) => tdur / 1000);
}
