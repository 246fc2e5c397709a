import { SettingsError } from '../schema';
import type { PartialSettings } from './settings';
import { isTree, settingsFrom, settingValues } from './tree';

/** Names that settings had in links, checkpoints and run.json of earlier versions, and their names now. */
const renamed = new Map([
  ['guidance.matching', 'guidance.lambdaDm'],
  ['optim.sparsity', 'loss.sparsity'],
  ['optim.opaque', 'loss.opaque'],
  ['optim.nearness', 'loss.nearness'],
]);

/** A setting's name now, by the one that it has or had. */
export const currentPath = (path: string): string => renamed.get(path) ?? path;

/**
 * Settings that this version or an earlier one wrote, under their names now; `makeSettings` refuses, by
 * name, what there is no more.
 * @throws SettingsError when they are no settings.
 */
export function migrated(written: unknown): PartialSettings {
  if (!isTree(written)) {
    throw new SettingsError(
      'The settings are not an object: the file is damaged.',
      'Give another one, or start anew.',
    );
  }
  return settingsFrom(settingValues(written).map(([path, value]) => [currentPath(path), value]));
}
