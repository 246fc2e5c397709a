import { inWords } from '../../errors';
import type { Failure } from '../../eval/summary';
import { say } from '../machine';
import type { Job, Product } from './maker';

/** How often a cell is tried before it is given up. */
export const attempts = 3;

/** What hands cells out and takes what they came to; resolves when each is finished or given up. */
export type Dispatch = (jobs: readonly Job[], outcome: Outcome) => Promise<void>;

export interface Outcome {
  /** Resolves when the product is kept. */
  readonly made: (job: Job, product: Product) => Promise<void>;
  readonly failed: (failure: Failure) => void;
}

/** Makes one cell after another in this process. */
export const inThisProcess =
  (make: (job: Job) => Promise<Product>): Dispatch =>
  async (jobs, { made, failed }) => {
    for (const job of jobs) {
      const product = await tried(job, make, failed);
      if (product) await made(job, product);
    }
  };

async function tried(
  job: Job,
  make: (job: Job) => Promise<Product>,
  failed: Outcome['failed'],
): Promise<Product | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await make(job);
    } catch (error) {
      const message = inWords(error, 'Try this prompt with `generate`.');
      if (attempt < attempts) {
        say(`${cellWords(job)}: attempt ${attempt} failed: ${message}`);
        continue;
      }
      failed({ ...job.cell, message });
      return undefined;
    }
  }
}

export const cellWords = ({ cell }: Job) => `${cell.prompt}, ${cell.method}, seed ${cell.seed}`;
