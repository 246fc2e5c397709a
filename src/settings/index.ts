/** A run's settings: the rooms' groups composed, the presets, and how they are put together and checked. */
export { type GeneratorId, generators } from '../generator/settings';
export { type MethodId, methodIds, methodOf, methods } from '../guidance/methods';
export {
  byGroup,
  type Entry,
  fromText,
  most,
  type SettingsAt,
  SettingsError,
  scheduled,
  settingsAt,
  toText,
} from '../schema';
export { makeSettings } from './make';
export { currentPath, migrated } from './migrate';
export { type Preset, presetOf, presets } from './presets';
export { maxPromptLength, validatePrompt } from './prompt';
export { defaults, type PartialSettings, type Settings, settingEntries } from './settings';
export { settingsFrom, settingValues } from './tree';
