import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LimbeckError } from '../../errors';
import type { Cell, CellResult } from '../../eval/cell';
import { Output } from '../output';
import type { Product } from './maker';

const files = { grid: 'grid.json', result: 'result.json', picture: 'views.png' };

/** What all cells of a folder must agree in. */
export interface GridIdentity {
  readonly model: string;
  readonly scorer: string;
  readonly options: object;
}

/** The folder of a grid: one inside for each cell, complete as soon as it has a result. */
export class GridStore {
  readonly #output: Output;

  private constructor(output: Output) {
    this.#output = output;
  }

  /** @throws LimbeckError when nothing can be written there, or the folder holds a grid of another kind. */
  static async open(folder: string, identity: GridIdentity): Promise<GridStore> {
    const output = await Output.open(folder);
    const text = `${JSON.stringify(identity, null, 1)}\n`;
    const before = await readFile(join(folder, files.grid), 'utf8').catch(() => undefined);
    if (before !== undefined && before !== text) {
      throw new LimbeckError(
        `${folder} holds a grid that was made with other settings, another prior or another scorer.`,
        `Choose another folder with --out, or the settings of ${join(folder, files.grid)}.`,
      );
    }
    if (before === undefined) await output.write(files.grid, text);
    return new GridStore(output);
  }

  get folder(): string {
    return this.#output.folder;
  }

  /** What was measured of a cell; undefined when it is not finished. */
  async result(cell: Cell): Promise<CellResult | undefined> {
    const path = join(this.folder, folderOfCell(cell), files.result);
    const text = await readFile(path, 'utf8').catch(() => undefined);
    return text === undefined ? undefined : JSON.parse(text);
  }

  async picture(cell: Cell): Promise<Uint8Array> {
    return readFile(join(this.folder, folderOfCell(cell), files.picture));
  }

  /** The result last: a cell that has one is complete. */
  async save({ result, picture }: Product): Promise<void> {
    const output = await Output.open(join(this.folder, folderOfCell(result)));
    await output.write(files.picture, picture);
    await output.write(files.result, `${JSON.stringify(result, null, 1)}\n`);
  }

  write(name: string, content: string): Promise<void> {
    return this.#output.write(name, content);
  }
}

/** Where a cell lies in its grid's folder. */
export function folderOfCell({ prompt, method, seed }: Cell): string {
  const words = prompt.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  // Prompts may differ in what a file name does not show.
  const mark = createHash('sha256').update(prompt).digest('hex').slice(0, 6);
  return join(`${words.join('-').slice(0, 60)}-${mark}`, `${method}-${seed}`);
}
