import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { decodeInNode } from '../image/picture_node';
import type { FilesBeside } from '../object/files_beside';
import { ObjectError } from '../object/object_mesh';
import { type ReadObject, readObject, type UpAxis } from '../object/read_object';

/** Folders below an object's in which its pictures are looked for, and the files that are looked at. */
const reach = { depth: 3, files: 5000 };

/** The object in a file, with the materials and textures beside it. @throws ObjectError as `readObject`. */
export async function readObjectFile(path: string, up: UpAxis = 'auto'): Promise<ReadObject> {
  const bytes = await readFile(path).catch((error: Error) => {
    throw new ObjectError(`${path} cannot be read: ${error.message}.`, 'Check the path.');
  });
  return readObject(new Uint8Array(bytes), basename(path), filesBeside(path), {
    up,
    platform: decodeInNode,
  });
}

/** The files in the folder of an object. */
export function filesBeside(path: string): FilesBeside {
  const folder = dirname(path);
  let listed: Promise<readonly string[]> | undefined;
  return {
    read: async (name) => {
      try {
        return new Uint8Array(await readFile(join(folder, name)));
      } catch {
        return undefined;
      }
    },
    list: () => {
      listed ??= pathsBelow(folder);
      return listed;
    },
  };
}

/** The files of a folder and of those in it, relative to it, with '/'. */
async function pathsBelow(folder: string): Promise<readonly string[]> {
  const paths: string[] = [];
  const visit = async (at: string, depth: number): Promise<void> => {
    const entries = await readdir(at, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (paths.length >= reach.files) return;
      const path = join(at, entry.name);
      if (entry.isFile()) paths.push(relative(folder, path).replaceAll('\\', '/'));
      else if (entry.isDirectory() && depth < reach.depth) await visit(path, depth + 1);
    }
  };
  await visit(folder, 0);
  return paths;
}
