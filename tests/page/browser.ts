import type { Browser, Page } from 'playwright-core';
import { launchChromium, servePage } from '../../src/cli/chromium';
import type { Report } from '../../src/protocol/messages';

/** What a page did while nobody looked. */
export interface Recording {
  /** Console errors and uncaught exceptions. */
  readonly errors: readonly string[];
  /** Reports of the engine, in order, without files. */
  reports(): Promise<Report[]>;
}

/** The built page on a server of its own, in a browser of its own. */
export interface OpenedPage {
  /** Where the page is, without what follows `?` and `#`. */
  readonly url: string;
  readonly browser: Browser;
  readonly page: Page;
  readonly recording: Recording;
  close(): Promise<void>;
}

interface Recorded {
  reports: Report[];
  workers: Worker[];
}

/**
 * Waits until something is true of the page, looking now and then: who looks at every frame makes the page draw them,
 * on the processor that the engine needs.
 */
export async function until<T>(
  page: Page,
  isTrue: (argument: T) => boolean | Promise<boolean>,
  argument: T,
  timeout = 300_000,
): Promise<void> {
  const end = Date.now() + timeout;
  // Playwright's own waiting evaluates a text, which the page's policy forbids.
  while (!(await page.evaluate(isTrue as never, argument))) {
    if (Date.now() > end) {
      const says = await page
        .locator('#status p, #progress p, #notice, #fatal p')
        .allTextContents();
      const seen = says.filter((text) => text.trim()).join(' | ');
      throw new Error(`It never came true that ${isTrue}, ${argument}: the page says ${seen}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Waits until the engine is open. */
export const untilReady = (page: Page): Promise<void> =>
  until(page, () => document.querySelector('#status span') !== null, null);

/** Waits until the main button says something. */
export const untilStart = (page: Page, label: string): Promise<void> =>
  until(page, (text) => document.querySelector('#start')?.textContent === text, label);

/** Waits until the first run has taken so many steps. */
export const untilStep = (page: Page, step: number): Promise<void> =>
  until(
    page,
    (least) => Number(document.querySelector<HTMLElement>('.pane')?.dataset.step) >= least,
    step,
  );

/** Ends the engine's Worker as a browser does that needs its memory: without a word. */
export const endWorker = (page: Page): Promise<void> =>
  page.evaluate(() =>
    (window as unknown as { recorded: Recorded }).recorded.workers.at(-1)?.terminate(),
  );

/** Takes the device away from the engine at the next command that it records. */
export const loseDevice = (page: Page): Promise<void> =>
  page
    .workers()
    .find((worker) => !worker.url().includes('ort'))!
    .evaluate(() => {
      const { createCommandEncoder } = GPUDevice.prototype;
      GPUDevice.prototype.createCommandEncoder = function (descriptor) {
        this.destroy();
        return createCommandEncoder.call(this, descriptor);
      };
    });

/**
 * Opens the page in Chromium on the software adapter.
 * @param address what follows the page's own: `?…` and `#…`.
 * @param timeout in milliseconds, of all that is waited for.
 */
export async function openPage(address: string, timeout: number): Promise<OpenedPage> {
  const server = await servePage();
  const browser = await launchChromium('software');
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(timeout);
  const recording = await record(page);
  await page.goto(`${server.url}${address}`);
  const close = async () => {
    await browser.close();
    await server.close();
  };
  return { url: server.url, browser, page, recording, close };
}

/** Records from the page's first script on. */
export async function record(page: Page): Promise<Recording> {
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(error.message));
  await page.addInitScript(() => {
    const recorded: Recorded = { reports: [], workers: [] };
    Object.assign(window, { recorded });
    const { Worker } = window;
    window.Worker = class extends Worker {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        recorded.workers.push(this);
        this.addEventListener('message', ({ data }: MessageEvent<Report>) => {
          recorded.reports.push(data.type === 'saved' ? { ...data, files: [] } : data);
        });
      }
    };
  });
  const reports = () =>
    page.evaluate(() => (window as unknown as { recorded: Recorded }).recorded.reports);
  return { errors, reports };
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
