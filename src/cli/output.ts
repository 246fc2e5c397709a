import { access, constants, mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LimbeckError } from '../errors';

/** A folder for results. Files appear whole or not at all, so that no earlier result is lost half-way. */
export class Output {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Makes the folder if it is missing. @throws LimbeckError when nothing can be written there. */
  static async open(folder: string): Promise<Output> {
    try {
      await mkdir(folder, { recursive: true });
      await access(folder, constants.W_OK);
      return new Output(folder);
    } catch (error) {
      throw new LimbeckError(
        `Nothing can be written to '${folder}': ${(error as Error).message}.`,
        'Choose another folder with --out.',
      );
    }
  }

  /** The folder of a file that is to be written, made if it is missing, and the file's name in it. */
  static async openFile(path: string): Promise<{ output: Output; name: string }> {
    return { output: await Output.open(dirname(path)), name: basename(path) };
  }

  async write(name: string, content: Uint8Array | string): Promise<void> {
    const path = join(this.folder, name);
    try {
      await writeFile(`${path}.part`, content);
      await rename(`${path}.part`, path);
    } catch (error) {
      throw new LimbeckError(
        `${path} could not be written: ${(error as Error).message}.`,
        'Make room, or choose another folder with --out.',
      );
    }
  }
}
