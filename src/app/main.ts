import {
  firstPrior,
  priorFolder,
  rewardFolder,
  scorerFolder,
  shippedPriors,
} from '../prior/shipped';
import { Page } from '../ui/page';
import { EngineWorker } from './engine_worker';

/** `?model=` of the address: a prior that ships, or the folder of another. */
const prior = new URLSearchParams(location.search).get('model') || firstPrior;

/** The page's thread: the engine is in a Worker of its own, and this one never computes. */
new Page(
  new EngineWorker({
    model: folderOf(prior),
    reward: addressOf(`models/${rewardFolder}`),
    scorer: addressOf(`models/${scorerFolder}`),
  }),
  {
    names: shippedPriors,
    chosen: prior,
    open: async () => {
      const { KnownPriors } = await import('./storage/known_priors');
      return KnownPriors.open(folderOf);
    },
  },
);

/** The whole address of a prior's folder. */
function folderOf(word: string): string {
  return addressOf(priorFolder(word, 'models'));
}

/** A folder's whole address; one that makes none is left for the engine to refuse. */
function addressOf(folder: string): string {
  try {
    return new URL(folder, document.baseURI).href;
  } catch {
    return folder;
  }
}
