import * as v from 'valibot';
import { SettingsError } from './settings_error';

/**
 * `given` with the schema's defaults where it says nothing.
 * @param name of the group in errors.
 * @throws SettingsError naming a setting that does not exist or cannot hold its value.
 */
export function complete<S extends v.GenericSchema>(
  schema: S,
  given: unknown,
  name = '',
): v.InferOutput<S> {
  const result = v.safeParse(schema, given, { abortEarly: true });
  if (result.success) return result.output;
  const [{ message, path = [] }] = result.issues;
  const keys = path.map(({ key }) => String(key));
  const setting = [...(name ? [name] : []), ...keys].join('.');
  throw new SettingsError(
    `Setting '${setting}' ${message}.`,
    'Correct it, or leave it out for its default.',
  );
}
