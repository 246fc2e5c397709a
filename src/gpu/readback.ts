import type { Gpu } from './device';

/**
 * Copies buffers to the CPU. It owns its staging buffers and reuses them by size;
 * `read` may be called again before an earlier read has resolved.
 */
export class Readback {
  readonly #gpu: Gpu;
  readonly #idle: GPUBuffer[] = [];

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /** The bytes of `source` as of everything submitted before this call. */
  async read(source: GPUBuffer, offset = 0, bytes = source.size - offset): Promise<ArrayBuffer> {
    const staging = this.#take(bytes);
    const encoder = this.#gpu.device.createCommandEncoder({ label: `readback ${source.label}` });
    encoder.copyBufferToBuffer(source, offset, staging, 0, bytes);
    this.#gpu.device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ, 0, bytes);
    const copy = staging.getMappedRange(0, bytes).slice(0);
    staging.unmap();
    this.#idle.push(staging);
    return copy;
  }

  async floats(source: GPUBuffer, count = source.size / 4, offset = 0): Promise<Float32Array> {
    return new Float32Array(await this.read(source, offset * 4, count * 4));
  }

  async words(source: GPUBuffer, count = source.size / 4, offset = 0): Promise<Uint32Array> {
    return new Uint32Array(await this.read(source, offset * 4, count * 4));
  }

  dispose(): void {
    for (const buffer of this.#idle) this.#gpu.buffers.destroy(buffer);
    this.#idle.length = 0;
  }

  #take(bytes: number): GPUBuffer {
    const index = this.#idle.findIndex(
      (buffer) => buffer.size >= bytes && buffer.size <= 2 * bytes,
    );
    if (index >= 0) return this.#idle.splice(index, 1)[0]!;
    return this.#gpu.buffers.create({
      label: 'readback staging',
      size: bytes,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
  }
}
