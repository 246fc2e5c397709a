import { colourSpread, opacity } from '../eval/looks';
import { gradientVariance, measured, seenOf } from '../eval/measure';
import { FetchedFiles } from '../prior/fetched_files';
import type { Measures } from '../protocol/reports';
import { loadRetrieval } from '../retrieval/files';
import { Retrieval } from '../retrieval/network';
import type { Engine, EngineRun } from '../train/engine';
import { shownOf } from './field_view';

/** Draws of noise that the variance of a gradient is taken over. */
const draws = 4;

/** Measures what runs have made, by the network that judges; it is loaded for the first of them. */
export class Measuring {
  readonly #engine: Engine;
  readonly #folder: string;
  #scorer: Promise<Retrieval> | undefined;

  /** @param folder URL of the scorer's. */
  constructor(engine: Engine, folder: string) {
    this.#engine = engine;
    this.#folder = folder;
  }

  /** Changes nothing of the run. @throws LimbeckError when the scorer cannot be loaded. */
  async measure(run: EngineRun): Promise<Measures> {
    this.#scorer ??= this.#load();
    const scorer = await this.#scorer;
    const seen = await seenOf(shownOf(run), this.#engine.manifest);
    const { rank, captions, logShare } = await measured(scorer, run.settings, seen);
    const variance = await gradientVariance(run, draws);
    return {
      rank,
      captions,
      logShare,
      opacity: known(opacity(seen)),
      colourSpread: known(colourSpread(seen)),
      gradientVariance: known(variance),
    };
  }

  async #load(): Promise<Retrieval> {
    try {
      const files = await loadRetrieval(new FetchedFiles(this.#folder), this.#folder);
      return await Retrieval.load(this.#engine.runtime, files);
    } catch (error) {
      // The next who asks tries anew.
      this.#scorer = undefined;
      throw error;
    }
  }
}

const known = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;
