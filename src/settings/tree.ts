import type { PartialSettings } from './settings';

/** A group of settings. */
export type Tree = { readonly [key: string]: unknown };

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The values of settings by dotted path, `field.levels`, in the order of the object. */
export function settingValues(settings: PartialSettings): [path: string, value: unknown][] {
  const leaves = (node: Tree, prefix: string): [string, unknown][] =>
    Object.entries(node).flatMap(([key, value]) =>
      isTree(value) ? leaves(value, `${prefix}${key}.`) : [[prefix + key, value]],
    );
  return leaves(settings, '');
}

/** The inverse of {@link settingValues}; `makeSettings` checks what comes out. */
export function settingsFrom(
  values: Iterable<readonly [path: string, value: unknown]>,
): PartialSettings {
  const root: Record<string, unknown> = {};
  for (const [path, value] of values) {
    const keys = path.split('.');
    const last = keys.pop()!;
    let node = root;
    for (const key of keys) {
      if (!Object.hasOwn(node, key) || !isTree(node[key])) node[key] = {};
      node = node[key] as Record<string, unknown>;
    }
    node[last] = value;
  }
  return root;
}
