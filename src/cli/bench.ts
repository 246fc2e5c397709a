import { SettingsError } from '../settings';
import { benchField } from './bench_field';
import { benchPrior } from './bench_prior';

const benches: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  field: benchField,
  prior: benchPrior,
};

/** `bench`: what the parts are good for, in figures; the first argument says which part. */
export async function bench([name = '', ...args]: readonly string[]): Promise<void> {
  const chosen = benches[name];
  if (chosen) return chosen(args);
  const known = Object.keys(benches).join(' or ');
  throw new SettingsError(`Unknown bench '${name}': npm run bench -- ${known} [--help].`);
}
