import { LimbeckError } from '../../errors';
import { type ModelFiles, parseJson } from '../files';

/** A JSON file of a pipeline; what it holds is checked where it is used. */
export type Config = Readonly<Record<string, unknown>>;

/** How a VAE's latents become what the UNet sees: (latent − shift) factor. */
export interface LatentScale {
  readonly factor: number;
  readonly shift: number;
}

/** A JSON file of the folder. @throws LimbeckError when it is missing or no object. */
export async function readConfig(files: ModelFiles, path: string): Promise<Config> {
  const json = parseJson(path, await files.read(path));
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Config;
  throw new LimbeckError(`${path} holds no object.`, 'Download the pipeline again.');
}

/** The same, and nothing where there is no such file: exports leave out what is as usual. */
export async function readConfigIfAny(files: ModelFiles, path: string): Promise<Config> {
  const bytes = await files.read(path).catch(() => undefined);
  return bytes ? ((parseJson(path, bytes) as Config | null) ?? {}) : {};
}

/** A number of a config, or what is usual where it has none. @throws LimbeckError when it is another thing. */
export function numberOf(config: Config, key: string, usual: number, path: string): number {
  const value = config[key] ?? usual;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new LimbeckError(
    `${path}: ${key} is ${JSON.stringify(value)}: it must be a number.`,
    'Download the pipeline again.',
  );
}
