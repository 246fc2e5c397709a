/** The priors that ship, by name, which is their folder's, and what the page calls them. */
export const shippedPriors: Readonly<Record<string, string>> = {
  fine: '64 pixels',
  default: '32 pixels, quicker',
};

/** The one that is used where none is named. */
export const firstPrior = 'fine';

/** The folder in `models` of the network that runs may climb. */
export const rewardFolder = 'reward';

/** The folder in `models` of the network that judges what was made. */
export const scorerFolder = 'scorer';

/** The folders in `models` of what several priors share. */
export const sharedFolders = ['text', 'exemplars', rewardFolder, scorerFolder];

/** The folder of a prior: inside `models` of one that ships, else `prior` is the folder itself. */
export function priorFolder(prior: string, models: string): string {
  return Object.hasOwn(shippedPriors, prior) ? `${models}/${prior}` : prior;
}
