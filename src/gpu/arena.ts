import { LimbeckError } from '../errors';
import type { Gpu } from './device';

/** Size of one f32, i32 or u32. */
export const wordBytes = 4;

/**
 * Owns storage buffers under one name and frees them together.
 * Buffers are readable and writable by copies and 16-byte aligned, as onnxruntime asks of its own.
 */
export class Arena {
  readonly #gpu: Gpu;
  readonly #owner: string;
  readonly #buffers: GPUBuffer[] = [];

  constructor(gpu: Gpu, owner: string) {
    this.#gpu = gpu;
    this.#owner = owner;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#buffers.reduce((sum, buffer) => sum + buffer.size, 0);
  }

  /**
   * A zeroed storage buffer of `words` 32-bit words (at least one 16-byte block).
   * @throws LimbeckError naming the buffer when it exceeds what the adapter can bind.
   */
  allocate(name: string, words: number, usage: GPUBufferUsageFlags = 0): GPUBuffer {
    const label = `${this.#owner}.${name}`;
    const size = Math.max(1, Math.ceil(words / 4)) * 16;
    const { maxStorageBufferBindingSize, maxBufferSize } = this.#gpu.device.limits;
    const limit = Math.min(maxStorageBufferBindingSize, maxBufferSize);
    if (size > limit) {
      throw new LimbeckError(
        `${label} needs ${size} bytes, and this adapter binds at most ${limit} (${limit / wordBytes} words).`,
        'Choose a smaller size.',
      );
    }
    const buffer = this.#gpu.buffers.create({
      label,
      size,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC | usage,
    });
    this.#buffers.push(buffer);
    return buffer;
  }

  /** A storage buffer that starts with `data`. */
  upload(name: string, data: Float32Array | Int32Array | Uint32Array, usage = 0): GPUBuffer {
    const buffer = this.allocate(name, data.length, usage);
    this.#gpu.device.queue.writeBuffer(buffer, 0, data as GPUAllowSharedBufferSource);
    return buffer;
  }

  dispose(): void {
    for (const buffer of this.#buffers) this.#gpu.buffers.destroy(buffer);
    this.#buffers.length = 0;
  }
}
