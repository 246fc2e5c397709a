import code from '../../shaders/field/hash_grid.wgsl';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { type Dispatch, Shader, type Uniforms } from '../gpu/kernel';
import { Submission } from '../gpu/submission';
import { pcg4d, streams } from '../random';
import { featuresPerLevel, gridLevels, type Level } from './levels';
import type { FieldOptions } from './options';
import type { Points } from './points';

/** Entries start uniform in ±1e-4 (Müller et al. 2022, section 4). */
const initialAmplitude = 1e-4;

/**
 * Consecutive points of one thread of the backward pass. Where a run ends, a cell's sums go out early: a
 * software adapter has few threads to keep busy and takes longer runs.
 */
const pointsPerRun = { software: 32, hardware: 8 };

/** Workgroups that share the copying of the table. */
const copyGroups = 1024;

/** The table of a multiresolution hash grid, its copy in half precision, its gradient and its levels. */
export class HashGrid {
  readonly levels: readonly Level[];
  /** f32 [entries, 2]: what is optimised and saved. `write` sets it. */
  readonly table: GPUBuffer;
  /** u32 [entries]: an entry's two features as f16, which points are encoded by. Who writes `table` writes it. */
  readonly halves: GPUBuffer;
  /** i32 [entries, 2], in units of its level's quantum. */
  readonly gradient: GPUBuffer;
  /** f32 [levels]: the fixed-point unit of each level's gradient, a power of two. */
  readonly quanta: GPUBuffer;
  readonly #gpu: Gpu;
  readonly #arena: Arena;
  readonly #smooth: boolean;
  readonly #uniforms: Uniforms;
  readonly #copy: Dispatch;

  constructor(gpu: Gpu, options: FieldOptions) {
    this.#gpu = gpu;
    this.#smooth = options.interpolation === 'smooth';
    this.levels = gridLevels(options);
    this.#arena = new Arena(gpu, 'field.hash_grid');
    this.table = this.#arena.allocate('table', this.words);
    this.halves = this.#arena.allocate('halves', this.words / featuresPerLevel);
    this.gradient = this.#arena.allocate('gradient', this.words);
    this.quanta = this.#arena.allocate('quanta', this.levels.length);
    const shader = this.#shader(1);
    this.#uniforms = shader.uniforms('grid');
    this.#copy = shader.bind('copy', { table: this.table, copied: this.halves });
    this.activeLevels = this.levels.length;
  }

  /** Words of the table. */
  get words(): number {
    return featuresPerLevel * this.levels.reduce((sum, level) => sum + level.entries, 0);
  }

  get bytes(): number {
    return this.#arena.bytes;
  }

  /** Levels that take part from the next submit on; a fraction fades the next level in. */
  set activeLevels(count: number) {
    this.#uniforms.write({
      active_levels: count,
      level: this.levels.map(({ resolution, dense, offset, entries }) => ({
        resolution,
        stride: dense ? resolution + 1 : 0,
        offset,
        mask: entries - 1,
      })),
    });
  }

  /** A start drawn from `seed`. */
  initial(seed: number): Float32Array<ArrayBuffer> {
    const table = new Float32Array(this.words);
    for (let i = 0; i < table.length; i += 4) {
      const draws = pcg4d([seed, streams.fieldInit, 0, i / 4]);
      for (let k = 0; k < 4; k++) {
        table[i + k] = initialAmplitude * (draws[k as 0 | 1 | 2 | 3] * 2 ** -31 - 1);
      }
    }
    return table;
  }

  /** Sets the table and its copy. @param values f32 [entries, 2]. */
  write(values: Float32Array<ArrayBuffer>): void {
    this.#gpu.device.queue.writeBuffer(this.table, 0, values);
    const work = new Submission(this.#gpu, 'field.hash_grid.write');
    this.#copy.record(work.pass, copyGroups);
    work.submit();
  }

  /**
   * Encodes `points` into `features`, f32 [ceil(levels / 2), capacity, 2, 2].
   * @param gradient whether `backward` will be recorded.
   */
  encoder(points: Points, features: GPUBuffer, gradient: boolean): HashGridEncoder {
    const resources = {
      grid: this.#uniforms.buffer,
      halves: this.halves,
      table_gradient: this.gradient,
      quanta: this.quanta,
      features,
      feature_gradient: features,
    };
    const shader = this.#shader(points.capacity);
    return new HashGridEncoder(this.#gpu, shader, points, resources, gradient);
  }

  dispose(): void {
    this.#arena.dispose();
    this.#uniforms.dispose();
  }

  #shader(capacity: number): Shader {
    return new Shader(this.#gpu, 'field.hash_grid', code, {
      levels: this.levels.length,
      capacity,
      smooth_weights: this.#smooth ? 1 : 0,
      run: this.#gpu.adapter.software ? pointsPerRun.software : pointsPerRun.hardware,
    });
  }
}

interface GridBackward {
  readonly scatter: Dispatch;
  readonly advance: Dispatch;
  readonly restart: Dispatch;
}

/** Records the encoding of one set of points; the gradient arrives where the features were. */
export class HashGridEncoder {
  readonly #arena: Arena;
  readonly #schedule: Dispatch;
  readonly #forward: Dispatch;
  readonly #forwardGroups: GPUBuffer;
  readonly #backwardGroups: GPUBuffer;
  readonly #backward: GridBackward | undefined;

  constructor(
    gpu: Gpu,
    shader: Shader,
    points: Points,
    buffers: Record<string, GPUBuffer>,
    gradient: boolean,
  ) {
    this.#arena = new Arena(gpu, 'field.hash_grid.encoder');
    this.#forwardGroups = this.#arena.allocate('forward_groups', 3, GPUBufferUsage.INDIRECT);
    this.#backwardGroups = this.#arena.allocate('backward_groups', 3, GPUBufferUsage.INDIRECT);
    const resources = {
      ...buffers,
      count: points.count,
      positions: points.positions,
      forward_groups: this.#forwardGroups,
      backward_groups: this.#backwardGroups,
      passed: this.#arena.allocate('passed', 1),
    };
    this.#schedule = shader.bind('schedule', resources);
    this.#forward = shader.bind('forward', resources);
    if (!gradient) return;
    this.#backward = {
      scatter: shader.bind('backward', resources),
      advance: shader.bind('advance', resources),
      restart: shader.bind('restart', resources),
    };
  }

  forward(pass: GPUComputePassEncoder): void {
    this.#schedule.record(pass, 1);
    this.#forward.recordIndirect(pass, this.#forwardGroups);
  }

  /** Adds to the table's gradient; uses the schedule of the `forward` before it. */
  backward(pass: GPUComputePassEncoder): void {
    this.#gradients.scatter.recordIndirect(pass, this.#backwardGroups);
  }

  /**
   * `backward` of a set of points that others come before or after: points are grouped, and their sums
   * rounded, as if all sets were one. @param last whether it is the last set of all.
   */
  backwardOfSet(pass: GPUComputePassEncoder, last: boolean): void {
    this.backward(pass);
    const { advance, restart } = this.#gradients;
    (last ? restart : advance).record(pass, 1);
  }

  dispose(): void {
    this.#arena.dispose();
  }

  get #gradients(): GridBackward {
    if (this.#backward) return this.#backward;
    throw new Error('This encoding of the field was made without gradients.');
  }
}
