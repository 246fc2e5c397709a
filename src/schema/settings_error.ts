/** Thrown for a setting that does not exist or cannot hold the value; names it and says what would do. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}
