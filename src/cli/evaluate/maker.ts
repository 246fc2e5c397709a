import { LimbeckError } from '../../errors';
import { type Cell, type CellOptions, type CellResult, evaluateCell } from '../../eval/cell';
import { encodePng } from '../../image/png_node';
import { viewsToImage } from '../../image/strip';
import type { RetrievalFiles } from '../../retrieval/files';
import { Retrieval } from '../../retrieval/network';
import type { Engine } from '../../train/engine';
import { type Machine, openEngine } from '../machine';

/** All that one must be told to make a cell, wherever it is made. */
export interface Job {
  readonly cell: Cell;
  readonly options: CellOptions;
  /** The prior: one that ships, by its name, or a folder. */
  readonly model: string;
  /** SHA-256 of the network that judges: cells of one grid have one judge. */
  readonly scorer: string;
}

/** What a cell came to. */
export interface Product {
  readonly result: CellResult;
  /** Its views side by side. */
  readonly picture: Uint8Array;
}

/** Processor seconds that this process has taken. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Makes cells one after another, with an engine that it opens for the first of a prior. */
export class Maker {
  readonly #machine: Machine;
  readonly #scorer: RetrievalFiles;
  #opened:
    | { readonly model: string; readonly engine: Engine; readonly scorer: Retrieval }
    | undefined;

  /** @param machine its `model` is that of each job. */
  constructor(machine: Machine, scorer: RetrievalFiles) {
    this.#machine = machine;
    this.#scorer = scorer;
  }

  /** @throws LimbeckError when the job asks for another judge, or its object cannot be made. */
  async make(job: Job, onStep?: (step: number, steps: number) => void): Promise<Product> {
    const { sha256 } = this.#scorer.manifest.files.network;
    if (job.scorer !== sha256) {
      throw new LimbeckError(
        `The grid is judged by the scorer ${job.scorer.slice(0, 12)}…, and here is ${sha256.slice(0, 12)}….`,
        'Give all the same with --scorer.',
      );
    }
    const { engine, scorer } = await this.#open(job.model);
    const parts = { engine, scorer, processorSeconds, ...(onStep && { onStep }) };
    const { result, seen } = await evaluateCell(parts, job.cell, job.options);
    return { result, picture: await encodePng(viewsToImage(seen.views, seen)) };
  }

  /** The engine of a prior. */
  async engine(model: string): Promise<Engine> {
    return (await this.#open(model)).engine;
  }

  async dispose(): Promise<void> {
    await this.#opened?.scorer.dispose();
    await this.#opened?.engine.dispose();
    this.#opened = undefined;
  }

  async #open(model: string) {
    if (this.#opened?.model === model) return this.#opened;
    await this.dispose();
    const engine = await openEngine({ ...this.#machine, model });
    const scorer = await Retrieval.load(engine.runtime, this.#scorer);
    this.#opened = { model, engine, scorer };
    return this.#opened;
  }
}
