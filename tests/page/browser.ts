import type { Page } from 'playwright-core';
import type { Report } from '../../src/protocol/messages';

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
