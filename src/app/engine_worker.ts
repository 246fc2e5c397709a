import type { Command, EngineFolders, Report } from '../protocol/messages';
import type { EngineLink } from '../ui/page';

/** Milliseconds to wait for a device that does not come back, time after time. */
const delays = [1000, 2000, 4000, 8000, 15_000, 30_000] as const;

/** Engines that end without having taken a step are made anew so many times. */
const mostInVain = 3;

/**
 * The engine in a Worker of its own, and another in its place when it ends: by a lost device, an error that nothing
 * caught, or the browser. What ended is known to the page by `restarting`, which it answers by giving everything anew.
 */
export class EngineWorker implements EngineLink {
  readonly #folders: EngineFolders;
  #listener: (report: Report) => void = () => {};
  #worker: Worker;
  #watch = new AbortController();
  /** Whether an engine was ever open here: one that never was would not be after another try. */
  #wasReady = false;
  #isReady = false;
  #inVain = 0;
  #waits = 0;

  constructor(folders: EngineFolders) {
    this.#folders = folders;
    this.#worker = this.#make();
  }

  send(command: Command, transfer: Transferable[] = []): void {
    this.#worker.postMessage(command, transfer);
  }

  listen(listener: (report: Report) => void): void {
    this.#listener = listener;
  }

  #make(): Worker {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    const lock = `limbeck.engine.${crypto.randomUUID()}`;
    const watch = new AbortController();
    this.#watch = watch;
    this.#isReady = false;
    worker.addEventListener('message', ({ data }: MessageEvent<Report>) => {
      if (watch.signal.aborted) return;
      if (data.type === 'alive') this.#waitForEnd(lock, watch.signal);
      else this.#hear(data);
    });
    worker.addEventListener('error', (event) => {
      const why = event.message || 'its script could not be loaded';
      if (!watch.signal.aborted) this.#ended(`The engine stopped: ${why}.`);
    });
    worker.postMessage({ type: 'open', ...this.#folders, lock } satisfies Command);
    return worker;
  }

  /** The browser tells of a Worker's end by its lock alone. */
  #waitForEnd(lock: string, signal: AbortSignal): void {
    navigator.locks
      .request(lock, { signal }, () => this.#ended('The browser ended the engine.'))
      // It is no longer waited for.
      .catch(() => {});
  }

  #hear(report: Report): void {
    const isEnd = report.type === 'lost' || (report.type === 'fatal' && this.#wasReady);
    if (isEnd) {
      this.#ended(report.message);
      return;
    }
    if (report.type === 'ready') {
      this.#wasReady = true;
      this.#isReady = true;
      this.#waits = 0;
    }
    if (report.type === 'step') this.#inVain = 0;
    this.#listener(report);
  }

  /** Makes an engine in place of the one that ended, at once or, where there is no device, after a while. */
  #ended(message: string): void {
    this.#watch.abort();
    this.#worker.terminate();
    const wasOpen = this.#isReady;
    if (wasOpen) this.#inVain++;
    if (!this.#wasReady || this.#inVain > mostInVain) {
      this.#listener({ type: 'fatal', message: `${message} Reload the page.` });
      return;
    }
    const wait = wasOpen ? 0 : delays[Math.min(this.#waits++, delays.length - 1)]!;
    setTimeout(() => {
      this.#worker = this.#make();
      this.#listener({ type: 'restarting', message });
    }, wait);
  }
}
