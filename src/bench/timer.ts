import type { Gpu } from '../gpu/device';

/** Records work into a pass of its owner. */
export type Recording = (pass: GPUComputePassEncoder) => void;

/** Seconds since some moment, of the wall or of the processor. */
export type Clock = () => number;

export interface TimerOptions {
  /** Read before a submit and after its work is done; not read where the adapter takes timestamps. */
  readonly clock: Clock;
  /** Least seconds of a batch of repetitions. Default 0.03. */
  readonly batch?: number;
  /** Batches whose median counts. Default 5. */
  readonly batches?: number;
}

const mostRepetitions = 2000;

/**
 * Seconds of recorded work on the GPU. A batch repeats it in one pass until it takes long enough for
 * the clock. GPUs take timestamps at the ends of the pass; software adapters, and GPUs that cannot,
 * are timed from the submit until the queue says that its work is done.
 */
export class Timer {
  readonly #gpu: Gpu;
  readonly #options: Required<TimerOptions>;
  readonly #timestamps: Timestamps | undefined;

  constructor(gpu: Gpu, options: TimerOptions) {
    this.#gpu = gpu;
    this.#options = { batch: 0.03, batches: 5, ...options };
    const has = gpu.device.features.has('timestamp-query');
    this.#timestamps = has && !gpu.adapter.software ? new Timestamps(gpu) : undefined;
  }

  /** What the seconds come from, for people. */
  get source(): string {
    return this.#timestamps ? 'timestamp queries' : 'time until the queue is done';
  }

  /**
   * The median of several batches, in seconds for one repetition.
   * @throws Error when what is recorded is not valid.
   */
  async seconds(record: Recording): Promise<number> {
    const { batch, batches } = this.#options;
    const { device } = this.#gpu;
    device.pushErrorScope('validation');
    // The first run compiles.
    await this.#time(record, 1);
    const error = await device.popErrorScope();
    if (error) throw new Error(error.message);
    let repetitions = 1;
    let taken = await this.#time(record, repetitions);
    while (taken < batch && repetitions < mostRepetitions) {
      const wanted = Math.ceil((1.2 * repetitions * batch) / Math.max(taken, batch / 100));
      repetitions = Math.min(mostRepetitions, Math.max(wanted, 2 * repetitions));
      taken = await this.#time(record, repetitions);
    }
    const times = [taken];
    while (times.length < batches) times.push(await this.#time(record, repetitions));
    return median(times) / repetitions;
  }

  dispose(): void {
    this.#timestamps?.dispose();
  }

  async #time(record: Recording, repetitions: number): Promise<number> {
    const { device } = this.#gpu;
    const encoder = device.createCommandEncoder({ label: 'bench.timer' });
    const pass = encoder.beginComputePass({
      label: 'bench.timer',
      ...(this.#timestamps && { timestampWrites: this.#timestamps.writes }),
    });
    for (let i = 0; i < repetitions; i++) record(pass);
    pass.end();
    this.#timestamps?.resolve(encoder);
    const commands = encoder.finish();
    await device.queue.onSubmittedWorkDone();
    const start = this.#options.clock();
    device.queue.submit([commands]);
    await device.queue.onSubmittedWorkDone();
    const passed = this.#options.clock() - start;
    return this.#timestamps ? this.#timestamps.read() : passed;
  }
}

/** The middle value; the mean of the middle two of an even number. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}

/** The GPU's own clock at the two ends of a pass. */
class Timestamps {
  readonly writes: GPUComputePassTimestampWrites;
  readonly #gpu: Gpu;
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #staging: GPUBuffer;

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
    const label = 'bench.timer';
    this.#queries = gpu.device.createQuerySet({ label, type: 'timestamp', count: 2 });
    this.writes = {
      querySet: this.#queries,
      beginningOfPassWriteIndex: 0,
      endOfPassWriteIndex: 1,
    };
    const buffer = (usage: number) => gpu.buffers.create({ label, size: 16, usage });
    this.#resolved = buffer(GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC);
    this.#staging = buffer(GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
  }

  resolve(encoder: GPUCommandEncoder): void {
    encoder.resolveQuerySet(this.#queries, 0, 2, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#staging, 0, 16);
  }

  /** Seconds of the pass that was resolved last. */
  async read(): Promise<number> {
    await this.#staging.mapAsync(GPUMapMode.READ);
    const [start = 0n, end = 0n] = new BigUint64Array(this.#staging.getMappedRange());
    this.#staging.unmap();
    return Number(end - start) * 1e-9;
  }

  dispose(): void {
    this.#queries.destroy();
    this.#gpu.buffers.destroy(this.#resolved);
    this.#gpu.buffers.destroy(this.#staging);
  }
}
