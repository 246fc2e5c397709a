/** A run's settings: what they are, the presets, and how they are put together and checked. */
export { settingEntries, settingsFrom } from './entries';
export { makeSettings } from './make';
export { defaults, methods, type Preset, presetOf, presets } from './presets';
export { maxPromptLength, validatePrompt } from './prompt';
export { most, type Schedule, type SettingsAt, scheduled, settingsAt } from './schedule';
export {
  type Baseline,
  type Method,
  type PartialSettings,
  type Settings,
  SettingsError,
  type Weighting,
} from './settings';
export { schedulePaths, settingBounds, settingChoices } from './validate';
