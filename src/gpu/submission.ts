import type { Gpu } from './device';

/** Where compute work is recorded. Whoever owns it decides when it goes to the queue. */
export interface Work {
  /** To be taken anew after each `split`. */
  readonly pass: GPUComputePassEncoder;
  /**
   * Says that what comes next may be submitted apart from what was recorded so far. Called wherever work
   * is long: systems stop a GPU that is busy with one submit for seconds (two on Windows).
   */
  split(): void;
}

/** Work that goes to the queue in as many submits as it has parts, in the order of recording. */
export class Submission implements Work {
  readonly #device: GPUDevice;
  readonly #label: string;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;

  /** @param label names encoders and passes in captures. */
  constructor({ device }: Gpu, label: string) {
    this.#device = device;
    this.#label = label;
  }

  /** For copies: they come after all that was recorded, and before the next `pass`. */
  get encoder(): GPUCommandEncoder {
    this.#pass?.end();
    this.#pass = undefined;
    this.#encoder ??= this.#device.createCommandEncoder({ label: this.#label });
    return this.#encoder;
  }

  get pass(): GPUComputePassEncoder {
    this.#pass ??= this.encoder.beginComputePass({ label: this.#label });
    return this.#pass;
  }

  split(): void {
    this.submit();
  }

  /** Submits what was recorded since the last time. */
  submit(): void {
    if (!this.#encoder) return;
    this.#device.queue.submit([this.encoder.finish()]);
    this.#encoder = undefined;
  }
}
