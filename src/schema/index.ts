/** What settings are made of: kinds of values with their bounds, defaults and words; schedules. */
export { complete } from './complete';
export { byGroup, type Entry, entriesOf, fromText, toText } from './entries';
export {
  boolean,
  choice,
  group,
  integer,
  number,
  schedule,
  text,
} from './kinds';
export { most, type SettingsAt, scheduled, settingsAt } from './schedule';
export { SettingsError } from './settings_error';
