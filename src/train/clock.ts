import type { Gpu } from '../gpu/device';

/** Wall time of a step's parts, in milliseconds. */
export interface Laps {
  readonly denoiser: number;
  readonly field: number;
  readonly rest: number;
}

/** Shares the wall time of a step among its parts. */
export class Clock {
  readonly #gpu: Gpu;
  readonly #laps = { denoiser: 0, field: 0 };
  #last = performance.now();

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /**
   * Books the time since the last lap. A software adapter is waited for, which costs nothing there;
   * a GPU is not, so that its queue never runs dry: its work is booked where the step next waits.
   */
  async lap(part: 'denoiser' | 'field'): Promise<void> {
    if (this.#gpu.adapter.software) await this.#gpu.device.queue.onSubmittedWorkDone();
    const now = performance.now();
    this.#laps[part] += now - this.#last;
    this.#last = now;
  }

  total(): Laps {
    return { ...this.#laps, rest: performance.now() - this.#last };
  }
}
