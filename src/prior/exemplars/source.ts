/** Where an exemplar comes from, as the setting `exemplar.source` says it. */
export type ExemplarSource =
  | { readonly kind: 'auto' }
  | { readonly kind: 'none' }
  /** What is looked for in the library. */
  | { readonly kind: 'words'; readonly words: string }
  /** An object of the library. */
  | { readonly kind: 'library'; readonly id: string }
  /** One of the person's own. */
  | { readonly kind: 'file'; readonly name: string };

export function sourceOf(setting: string): ExemplarSource {
  const said = setting.trim();
  if (said === '' || said === 'auto') return { kind: 'auto' };
  if (said === 'none') return { kind: 'none' };
  const [, kind, name] = /^(library|file):(.+)$/s.exec(said) ?? [];
  if (kind === 'library') return { kind, id: name! };
  if (kind === 'file') return { kind, name: name! };
  return { kind: 'words', words: said };
}

export const fileSource = (name: string): string => `file:${name}`;
