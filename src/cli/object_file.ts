import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { NormalisedObject } from '../object/normalise';
import { ObjectError } from '../object/object_mesh';
import { readObject } from '../object/read_object';

/** The object in a file, with the materials and textures beside it. @throws ObjectError as `readObject`. */
export async function readObjectFile(path: string): Promise<NormalisedObject> {
  const folder = dirname(path);
  return readObject(await bytesOf(path), basename(path), (name) => bytesOf(join(folder, name)));
}

async function bytesOf(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    throw new ObjectError(
      `${path} cannot be read: ${(error as Error).message}.`,
      'Check the path.',
    );
  }
}
