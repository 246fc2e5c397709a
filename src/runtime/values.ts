import type { Tensor } from 'onnxruntime-web';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import type { Readback } from '../gpu/readback';
import type { OrtModule } from './backend';

/** A float32 tensor that networks read and write, wherever they run. */
export interface TensorValue {
  readonly dims: readonly number[];
  /** What a session is fed. */
  readonly tensor: Tensor;
  /** Where a session writes, or null when it makes a new tensor. */
  readonly destination: Tensor | null;
  /** Brings the tensor up to date with what kernels wrote. */
  fetch(): Promise<void>;
  /** Takes over what a session wrote. */
  accept(result: Tensor): void;
  /** Overwrites elements from `offset` on. */
  write(data: Float32Array, offset?: number): void;
  /** A copy of the elements. */
  read(): Promise<Float32Array>;
  dispose(): void;
}

/** A value that compute shaders see too: float32, row-major, in a storage buffer. */
export interface SharedValue extends TensorValue {
  readonly buffer: GPUBuffer;
}

const count = (dims: readonly number[]) => dims.reduce((product, length) => product * length, 1);

/** A value on the shared device, without copies. */
export class GpuValue implements SharedValue {
  readonly dims: readonly number[];
  readonly buffer: GPUBuffer;
  readonly tensor: Tensor;
  readonly destination: Tensor;
  readonly #gpu: Gpu;
  readonly #readback: Readback;
  readonly #arena: Arena;

  constructor(gpu: Gpu, readback: Readback, ort: OrtModule, name: string, dims: readonly number[]) {
    this.dims = dims;
    this.#gpu = gpu;
    this.#readback = readback;
    this.#arena = new Arena(gpu, 'runtime');
    this.buffer = this.#arena.allocate(name, count(dims));
    this.tensor = ort.Tensor.fromGpuBuffer(this.buffer, { dataType: 'float32', dims });
    this.destination = this.tensor;
  }

  async fetch(): Promise<void> {}

  accept(): void {}

  write(data: Float32Array, offset = 0): void {
    this.#gpu.device.queue.writeBuffer(this.buffer, offset * 4, data as Float32Array<ArrayBuffer>);
  }

  read(): Promise<Float32Array> {
    return this.#readback.floats(this.buffer, count(this.dims));
  }

  dispose(): void {
    this.#arena.dispose();
  }
}

/** A value in the memory of the CPU. */
export class HostValue implements TensorValue {
  readonly dims: readonly number[];
  readonly destination = null;
  readonly #ort: OrtModule;
  #tensor: Tensor;

  constructor(ort: OrtModule, dims: readonly number[]) {
    this.dims = dims;
    this.#ort = ort;
    this.#tensor = this.#made(new Float32Array(count(dims)));
  }

  get tensor(): Tensor {
    return this.#tensor;
  }

  async fetch(): Promise<void> {}

  accept(result: Tensor): void {
    this.#tensor = result;
  }

  write(data: Float32Array, offset = 0): void {
    (this.#tensor.data as Float32Array).set(data, offset);
  }

  async read(): Promise<Float32Array> {
    return Float32Array.from(this.#tensor.data as Float32Array);
  }

  /** Takes `data` as the elements, without a copy. */
  adopt(data: Float32Array): void {
    this.#tensor = this.#made(data);
  }

  dispose(): void {}

  #made(data: Float32Array): Tensor {
    return new this.#ort.Tensor('float32', data, this.dims);
  }
}

/** A value in the memory of the CPU with a twin in a storage buffer: copied when a session runs. */
export class MirroredValue extends HostValue implements SharedValue {
  readonly buffer: GPUBuffer;
  readonly #gpu: Gpu;
  readonly #readback: Readback;
  readonly #arena: Arena;

  constructor(gpu: Gpu, readback: Readback, ort: OrtModule, name: string, dims: readonly number[]) {
    super(ort, dims);
    this.#gpu = gpu;
    this.#readback = readback;
    this.#arena = new Arena(gpu, 'runtime');
    this.buffer = this.#arena.allocate(name, count(dims));
  }

  override async fetch(): Promise<void> {
    this.adopt(await this.#readback.floats(this.buffer, count(this.dims)));
  }

  override accept(result: Tensor): void {
    super.accept(result);
    this.#upload(result.data as Float32Array, 0);
  }

  override write(data: Float32Array, offset = 0): void {
    this.#upload(data, offset);
  }

  override read(): Promise<Float32Array> {
    return this.#readback.floats(this.buffer, count(this.dims));
  }

  override dispose(): void {
    this.#arena.dispose();
  }

  #upload(data: Float32Array, offset: number): void {
    this.#gpu.device.queue.writeBuffer(this.buffer, offset * 4, data as Float32Array<ArrayBuffer>);
  }
}
