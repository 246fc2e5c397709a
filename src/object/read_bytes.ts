import { readFileSync } from 'node:fs';
import { ObjectError } from './object_mesh';

/** A whole file. @throws ObjectError when it cannot be read. */
export function readBytes(path: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    throw new ObjectError(`${path} cannot be read: ${(error as Error).message}. Check the path.`);
  }
}
