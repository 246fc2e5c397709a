import type { Command, Report } from '../train/messages';
import { type EngineLink, Page } from '../ui/page';

/** The page's thread: it opens the engine in a Worker of its own and never computes. */
const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });

const engine: EngineLink = {
  send: (command: Command, transfer: Transferable[] = []) => worker.postMessage(command, transfer),
  listen: (listener) => {
    worker.addEventListener('message', ({ data }: MessageEvent<Report>) => listener(data));
    worker.addEventListener('error', (event) => {
      const why = event.message || 'its script could not be loaded';
      listener({ type: 'fatal', message: `The engine stopped: ${why}. Reload the page.` });
    });
  },
};

/** The folder of the prior: `?model=` of the address, or the one that ships. */
const folder = new URLSearchParams(location.search).get('model') || 'models/default/';

const page = new Page(engine);
engine.send({ type: 'open', model: URL.parse(folder, document.baseURI)?.href ?? folder });
page.attach();
