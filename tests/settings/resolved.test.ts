import { expect, test } from 'vitest';
import {
  makeSettings,
  methodIds,
  presetOf,
  presets,
  settingValues,
  toText,
} from '../../src/settings';

/** A setting's value in every preset by every method: each value with those that have it, one value alone. */
function valuesOf(resolved: ReadonlyMap<string, ReadonlyMap<string, unknown>>, path: string) {
  const holders = new Map<string, string[]>();
  for (const [name, values] of resolved) {
    const text = toText(values.get(path)) || '(empty)';
    holders.set(text, [...(holders.get(text) ?? []), name]);
  }
  const [first, ...others] = holders;
  const exceptions = others.map(([text, names]) => `\n  ${names.join(', ')}: ${text}`);
  return `${path} ${first![0]}${exceptions.join('')}`;
}

test('every preset by every method has the values that are written down', async () => {
  const resolved = new Map(
    Object.keys(presets).flatMap((preset) =>
      methodIds.map((method) => {
        const settings = makeSettings(presetOf(preset), { prompt: 'a chair', method });
        return [`${preset} ${method}`, new Map(settingValues(settings))] as const;
      }),
    ),
  );
  const paths = [...resolved.values().next().value!.keys()];
  const text = paths.map((path) => valuesOf(resolved, path)).join('\n');
  await expect(`${text}\n`).toMatchFileSnapshot('resolved.txt');
});
