/** The files that came with an object's own: dropped with it, or lying in its folder. */
export interface FilesBeside {
  /** The bytes of a file; undefined where there is none. @param path relative to the object's own file, with '/'. */
  read(path: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** The paths of all files, for names that are written in another way. */
  list(): Promise<readonly string[]>;
}

/** For an object that comes alone. */
export const noFilesBeside: FilesBeside = {
  read: async () => undefined,
  list: async () => [],
};

/** A URI without its percent signs; as it is where they are no code. */
export function withoutPercents(uri: string): string {
  try {
    return decodeURIComponent(uri);
  } catch {
    return uri;
  }
}

/**
 * The file that an object names. People move objects between machines and systems, so a name is tried as it is, with
 * '/' for '\', then by as many of its last parts as some file has, without regard to case or to how accents are coded,
 * then with what percent signs stand for.
 */
export async function findBeside(
  files: FilesBeside,
  name: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const path = name
    .trim()
    .replace(/^(["'])(.*)\1$/, '$2')
    .replaceAll('\\', '/')
    .replace(/^(\.\/)+/, '');
  if (path === '') return undefined;
  const isAbsolute = /^(\/|[a-z]:\/|file:)/i.test(path);
  const exact = isAbsolute ? undefined : await files.read(path);
  if (exact) return exact;
  const wanted = partsOf(path);
  let best: { path: string; same: number } | undefined;
  for (const other of await files.list()) {
    const parts = partsOf(other);
    let same = 0;
    while (
      same < wanted.length &&
      same < parts.length &&
      parts.at(-1 - same) === wanted.at(-1 - same)
    )
      same++;
    const isBetter =
      same > (best?.same ?? 0) || (same === best?.same && other.length < best.path.length);
    if (same > 0 && isBetter) best = { path: other, same };
  }
  if (best) return files.read(best.path);
  const plain = withoutPercents(path);
  return plain === path ? undefined : findBeside(files, plain);
}

const partsOf = (path: string): string[] => path.normalize('NFC').toLowerCase().split('/');
