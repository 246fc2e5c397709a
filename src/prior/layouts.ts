import { hasRemedy, LimbeckError } from '../errors';
import { loadDiffusers, pipelineIndex } from './diffusers/folder';
import { type LoadProgress, loadPrior, type ModelFiles, type Prior, parseJson } from './files';

/** The layouts that a prior's folder comes in: the file that tells one, and what reads it. */
export const layouts: readonly {
  readonly index: string;
  readonly load: (files: ModelFiles, onProgress?: LoadProgress) => Promise<Prior>;
}[] = [
  { index: 'manifest.json', load: loadPrior },
  { index: pipelineIndex, load: loadDiffusers },
];

/**
 * Reads a prior from a folder of any layout.
 * @throws LimbeckError when the folder is of none, or is not whole.
 */
export async function openPrior(files: ModelFiles, onProgress?: LoadProgress): Promise<Prior> {
  const problems: (Error & { readonly remedy: string })[] = [];
  for (const { index, load } of layouts) {
    try {
      parseJson(index, await files.read(index));
    } catch (error) {
      if (!hasRemedy(error)) throw error;
      problems.push(error);
      continue;
    }
    return load(files, onProgress);
  }
  throw new LimbeckError(problems.map(({ message }) => message).join(' '), problems[0]!.remedy);
}
