import { createHash } from 'node:crypto';
import { type ConnectionOptions, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { inWords, LimbeckError } from '../../errors';
import type { CellResult } from '../../eval/cell';
import { say } from '../machine';
import { attempts, cellWords, type Dispatch, type Outcome } from './attempts';
import type { Job, Maker } from './maker';

const queueName = 'limbeck-evaluation';

/** Between two looks at what workers have made, in milliseconds. */
const lookEvery = 500;

/** What a worker hands back: JSON, as all that goes through the queue. */
interface Handed {
  readonly result: CellResult;
  /** PNG in base64. */
  readonly picture: string;
}

/**
 * Hands cells to workers through a Redis, and takes what they made until each cell is finished or was given up. A job
 * that Redis lost is handed out again; one that a worker died of goes to another worker. An interrupted grid finds its
 * jobs again by their content.
 * @param url of the Redis.
 */
export const dispatchThrough =
  (url: string): Dispatch =>
  async (jobs, outcome) => {
    await reachable(url);
    const queue = new Queue<Job, Handed>(queueName, { connection: connectionTo(url) });
    queue.on('error', lostConnection(url));
    try {
      await collect(queue, jobs, outcome);
    } finally {
      await queue.close();
    }
  };

async function collect(queue: Queue<Job, Handed>, jobs: readonly Job[], outcome: Outcome) {
  const waiting = new Map(jobs.map((job) => [idOf(job), job]));
  // What an earlier grid gave up is tried anew.
  for (const id of waiting.keys()) {
    const left = await queue.getJob(id);
    if (await left?.isFailed()) await left?.remove();
  }
  while (waiting.size > 0) {
    for (const [id, job] of waiting) {
      if (await taken(queue, id, job, outcome)) waiting.delete(id);
    }
    if (waiting.size > 0) await new Promise((resolve) => setTimeout(resolve, lookEvery));
  }
}

/** Takes what became of a job, if it has ended; hands it out if the queue has it not. */
async function taken(
  queue: Queue<Job, Handed>,
  id: string,
  job: Job,
  { made, failed }: Outcome,
): Promise<boolean> {
  const found = await queue.getJob(id);
  if (!found) {
    await queue.add('cell', job, {
      jobId: id,
      attempts,
      backoff: { type: 'fixed', delay: 1000 },
    });
    return false;
  }
  const state = await found.getState();
  if (state === 'failed') {
    failed({ ...job.cell, message: found.failedReason });
    await found.remove();
    return true;
  }
  if (state !== 'completed') return false;
  const { result, picture } = found.returnvalue;
  await made(job, { result, picture: Buffer.from(picture, 'base64') });
  // Only now: an interruption before it costs nothing.
  await found.remove();
  return true;
}

/** The same cell, made in the same way, is the same job; BullMQ's ids have no colon. */
const idOf = (job: Job) => createHash('sha256').update(JSON.stringify(job)).digest('hex');

/**
 * Makes cells of others' grids until it is told to end: by SIGINT or SIGTERM after the cell that it is making.
 * @param patience seconds without a sign of life after which a worker is thought dead and its job another's.
 */
export async function work(url: string, patience: number, maker: Maker): Promise<void> {
  await reachable(url);
  const worker = new Worker<Job, Handed>(
    queueName,
    async ({ data }) => {
      say(`${cellWords(data)} …`);
      try {
        const { result, picture } = await maker.make(data);
        return { result, picture: Buffer.from(picture).toString('base64') };
      } catch (error) {
        throw new Error(inWords(error, 'Try this prompt with `generate`.'), { cause: error });
      }
    },
    {
      connection: connectionTo(url),
      // One engine, one object at a time.
      concurrency: 1,
      lockDuration: 1000 * patience,
      stalledInterval: 500 * patience,
      // However many workers die of other causes: only a job's own failures count.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
    },
  );
  worker.on('error', lostConnection(url));
  worker.on('completed', ({ data }) => say(`${cellWords(data)} done`));
  worker.on('failed', (job, { message }) =>
    say(`${job ? cellWords(job.data) : 'a job'}: ${message}`),
  );
  say(`waiting for objects to make at ${shown(url)}; Ctrl-C ends this worker`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  say('ending after the object that is being made');
  await worker.close();
  await maker.dispose();
}

/** BullMQ connects anew for as long as it takes when a Redis goes away. */
function connectionTo(url: string): ConnectionOptions {
  return {
    url,
    maxRetriesPerRequest: null,
    retryStrategy: (times: number) => Math.min(100 * times, 2000),
  };
}

/** @throws LimbeckError when no Redis answers there now. */
async function reachable(url: string): Promise<void> {
  const redis = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: 5000,
  });
  let reason = 'it does not answer';
  redis.on('error', (error: Error) => {
    reason = error.message || String((error as NodeJS.ErrnoException).code);
  });
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    const { message } = error as Error;
    throw new LimbeckError(
      `There is no Redis at ${shown(url)}: ${reason === 'it does not answer' ? message : reason}.`,
      'Start one (`redis-server`), or correct --queue. Nothing was handed out.',
    );
  } finally {
    redis.disconnect();
  }
}

/** Says once that the connection is lost, and again only after a while. */
function lostConnection(url: string): (error: Error) => void {
  let said = Number.NEGATIVE_INFINITY;
  return (error) => {
    if (performance.now() - said < 10_000) return;
    said = performance.now();
    say(`${shown(url)}: ${error.message || error.name}; trying until it is back`);
  };
}

/** An address without its password. */
function shown(url: string): string {
  const address = new URL(url);
  if (address.password) address.password = '…';
  return decodeURI(address.href);
}
