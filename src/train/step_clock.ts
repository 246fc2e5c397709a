import type { Gpu } from '../gpu/device';
import type { StepTimes } from '../protocol/reports';

/** Shares the wall time of a step among its parts. */
export class StepClock {
  readonly #gpu: Gpu;
  readonly #times = { denoiser: 0, generator: 0 };
  #last = performance.now();

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /**
   * Books the time since the last lap. A software adapter is waited for, which costs nothing there;
   * a GPU is not, so that its queue never runs dry: its work is booked where the step next waits.
   */
  async lap(part: 'denoiser' | 'generator'): Promise<void> {
    if (this.#gpu.adapter.software) await this.#gpu.device.queue.onSubmittedWorkDone();
    const now = performance.now();
    this.#times[part] += now - this.#last;
    this.#last = now;
  }

  total(): StepTimes {
    return { ...this.#times, rest: performance.now() - this.#last };
  }
}
