import { LimbeckError } from '../errors';

/** Thrown for a setting that does not exist or cannot hold the value; names it and says what would do. */
export class SettingsError extends LimbeckError {
  override readonly name = 'SettingsError';
}
