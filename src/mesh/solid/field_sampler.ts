import code from '../../../shaders/mesh/density.wgsl';
import { type Points, pointsPerWorkgroup } from '../../field/points';
import { Arena } from '../../gpu/arena';
import type { Gpu } from '../../gpu/device';
import { Shader } from '../../gpu/kernel';
import { Readback } from '../../gpu/readback';

/** What a mesh needs of a field. */
export interface SampledField {
  evaluator(points: Points, options: { readonly gradient: boolean }): ForwardEvaluator;
}

interface ForwardEvaluator {
  /** vec4f [capacity]: rgb in [0, 1], sigma. */
  readonly values: GPUBuffer;
  forward(pass: GPUComputePassEncoder): void;
  dispose(): void;
}

/** A field read at points; `FieldSampler` is one. */
export interface FieldValues {
  /**
   * @param positions f32 [n, 3]
   * @returns f32 [n, 4]: rgb in display sRGB, then density per unit length.
   */
  values(positions: Float32Array): Promise<Float32Array>;
}

/** Points of a slab: enough to fill a GPU, 20 MB with their features. */
const slabPoints = 2 ** 17;

/** Evaluates a field outside of training: on a grid for a mesh, or at given points for its colours. */
export class FieldSampler implements FieldValues {
  readonly #gpu: Gpu;
  readonly #arena: Arena;
  readonly #readback: Readback;
  readonly #points: Points;
  readonly #evaluator: ForwardEvaluator;

  /** @param capacity points evaluated at a time. */
  constructor(gpu: Gpu, field: SampledField, capacity = slabPoints) {
    this.#gpu = gpu;
    this.#arena = new Arena(gpu, 'mesh.sampler');
    this.#readback = new Readback(gpu);
    this.#points = {
      positions: this.#arena.allocate('positions', 4 * capacity),
      count: this.#arena.allocate('count', 4, GPUBufferUsage.INDIRECT),
      capacity,
    };
    this.#evaluator = field.evaluator(this.#points, { gradient: false });
  }

  /**
   * The density of a regular grid on [-1, 1]^3, slab by slab: one submit each, so that none is long.
   * @param density f32 [R, R, R], x fastest, at positions -1 + 2 i / (R - 1); filled.
   * @param resolution R >= 2.
   */
  async density(density: GPUBuffer, resolution: number): Promise<void> {
    const { positions, count, capacity } = this.#points;
    const shader = new Shader(this.#gpu, 'mesh.density', code, { resolution });
    const uniforms = shader.uniforms('slab');
    const place = shader.bind('place', { slab: uniforms.buffer, positions, count });
    const { values } = this.#evaluator;
    const store = shader.bind('store', { slab: uniforms.buffer, values, density });
    await this.#gpu.pipelines.ready();
    const total = resolution ** 3;
    for (let first = 0; first < total; first += capacity) {
      const points = Math.min(capacity, total - first);
      const workgroups = Math.ceil(points / pointsPerWorkgroup);
      uniforms.write({ first, points });
      this.#submit((pass) => {
        place.record(pass, workgroups);
        this.#evaluator.forward(pass);
        store.record(pass, workgroups);
      });
    }
    uniforms.dispose();
  }

  async values(positions: Float32Array): Promise<Float32Array> {
    const { capacity, count } = this.#points;
    const { queue } = this.#gpu.device;
    const total = positions.length / 3;
    const found = new Float32Array(4 * total);
    const packed = new Float32Array(4 * Math.min(capacity, total));
    for (let first = 0; first < total; first += capacity) {
      const points = Math.min(capacity, total - first);
      for (let i = 0; i < points; i++) {
        packed.set(positions.subarray(3 * (first + i), 3 * (first + i + 1)), 4 * i);
      }
      queue.writeBuffer(this.#points.positions, 0, packed, 0, 4 * points);
      const workgroups = Math.ceil(points / pointsPerWorkgroup);
      queue.writeBuffer(count, 0, new Uint32Array([points, workgroups, 1, 1]));
      this.#submit((pass) => this.#evaluator.forward(pass));
      found.set(await this.#readback.floats(this.#evaluator.values, 4 * points), 4 * first);
    }
    return found;
  }

  dispose(): void {
    this.#evaluator.dispose();
    this.#arena.dispose();
    this.#readback.dispose();
  }

  #submit(record: (pass: GPUComputePassEncoder) => void): void {
    const encoder = this.#gpu.device.createCommandEncoder({ label: 'mesh.sampler' });
    const pass = encoder.beginComputePass();
    record(pass);
    pass.end();
    this.#gpu.device.queue.submit([encoder.finish()]);
  }
}
