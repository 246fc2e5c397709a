/** Makes every buffer of the project's own, and counts those that live. */
export class Buffers {
  readonly #device: GPUDevice;
  /** Weak: a buffer that nobody holds any more must stay collectable. */
  readonly #live = new WeakSet<GPUBuffer>();
  #count = 0;
  #bytes = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Buffers made and not destroyed. */
  get count(): number {
    return this.#count;
  }

  /** Their sizes' sum. */
  get bytes(): number {
    return this.#bytes;
  }

  create(descriptor: GPUBufferDescriptor): GPUBuffer {
    const buffer = this.#device.createBuffer(descriptor);
    this.#live.add(buffer);
    this.#count++;
    this.#bytes += buffer.size;
    return buffer;
  }

  /** Frees a buffer's memory; a second time does nothing. */
  destroy(buffer: GPUBuffer): void {
    if (!this.#live.delete(buffer)) return;
    this.#count--;
    this.#bytes -= buffer.size;
    buffer.destroy();
  }
}
