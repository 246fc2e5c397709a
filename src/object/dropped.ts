import type { FilesBeside } from './files_beside';
import { ObjectError } from './object_mesh';
import { objectFormats, type ReadObject, type ReadOptions, readObject } from './read_object';

/** Files that came together, dropped or chosen, by their paths with '/'; each is read when it is needed. */
export type DroppedFiles = ReadonlyMap<string, Blob>;

/** Endings of objects, the fullest format first. */
const endings = ['glb', 'gltf', 'obj', 'ply', 'stl'];

/** Endings of pictures. */
const pictures = /\.(png|jpe?g|webp|avif|gif|bmp|tga)$/i;

/** The file that is meant among several, and those that came with it. */
export interface OpenedFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly beside: FilesBeside;
}

/**
 * Finds the object among files that were dropped together, such as an OBJ, its library and a folder of pictures, or
 * the picture where there is no object.
 * @throws ObjectError when there is none, or more than one of the fullest format.
 */
export async function openDropped(files: DroppedFiles): Promise<OpenedFile> {
  const path = meantAmong([...files.keys()]);
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const [, name = path] = /([^/]+)$/.exec(path) ?? [];
  const beside: FilesBeside = {
    read: async (relative) => {
      const blob = files.get(resolved(folder + relative));
      return blob && bytesOf(blob);
    },
    // Names are resolved from the object's folder, and files may lie above it.
    list: async () => [...files.keys()].map((key) => relativeTo(folder, key)),
  };
  return { name, bytes: await bytesOf(files.get(path)!), beside };
}

/** Reads the object that {@link openDropped} finds. @throws ObjectError as `openDropped` and `readObject` do. */
export async function readDropped(
  files: DroppedFiles,
  options: ReadOptions = {},
): Promise<ReadObject> {
  const { bytes, name, beside } = await openDropped(files);
  return readObject(bytes, name, beside, options);
}

const bytesOf = async (blob: Blob) => new Uint8Array(await blob.arrayBuffer());

function meantAmong(paths: readonly string[]): string {
  const shown = paths.filter((path) => !/(^|\/)(\.|__MACOSX\/)/.test(path));
  for (const ending of endings) {
    const found = shown.filter((path) => path.toLowerCase().endsWith(`.${ending}`));
    if (found.length === 1) return found[0]!;
    if (found.length > 1) {
      throw new ObjectError(
        `There are ${found.length} objects: ${found.join(', ')}.`,
        'Give one of them.',
      );
    }
  }
  // A single file tells by its first bytes what it is.
  if (shown.length === 1) return shown[0]!;
  const seen = shown.filter((path) => pictures.test(path));
  if (seen.length === 1) return seen[0]!;
  const several = seen.length > 1 ? `, and there are ${seen.length} pictures` : '';
  throw new ObjectError(
    `There is no object among the ${shown.length} files${several}.`,
    `Give one of ${objectFormats}, or one picture.`,
  );
}

/** A path without '.' and '..'. */
function resolved(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}

const relativeTo = (folder: string, path: string): string =>
  path.startsWith(folder)
    ? path.slice(folder.length)
    : `${'../'.repeat(folder.split('/').length - 1)}${path}`;
