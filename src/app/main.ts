import { priorFolder, shippedPriors } from '../prior/shipped';
import type { Command, Report } from '../protocol/messages';
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

/** `?model=` of the address: a prior that ships, or the folder of another. */
const prior = new URLSearchParams(location.search).get('model') || 'default';
const folder = priorFolder(prior, 'models');

engine.send({ type: 'open', model: URL.parse(folder, document.baseURI)?.href ?? folder });
new Page(engine, { names: shippedPriors, chosen: prior });
