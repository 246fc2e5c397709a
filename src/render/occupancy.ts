import code from '../../shaders/render/occupancy.wgsl';
import type { Points } from '../field/points';
import { Arena, wordBytes } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { type Dispatch, Shader, type Uniforms } from '../gpu/kernel';
import type { Readback } from '../gpu/readback';
import { type Snapshot, storedArray } from '../gpu/snapshot';
import { streams } from '../random';
import type { PointEvaluator, RadianceField } from './radiance_field';

const lanes = 64;
const noCell = 0xffffffff;

export interface OccupancyOptions {
  /** Cells along a side of the cube [-1, 1]^3. */
  readonly resolution: number;
  /** Density per unit length below which a cell counts as empty, whatever the mean density. */
  readonly threshold: number;
  /**
   * What remains of a cell's estimate after an update that found less. Default 0.8: a cell that was
   * opaque and is empty now is skipped after some 15 updates.
   */
  readonly decay?: number;
}

/** What a checkpoint must hold to go on with the same grid. */
export type OccupancySnapshot = {
  /** f32 per cell that touches the ball. */
  readonly density: Float32Array<ArrayBuffer>;
  /** u32: one bit a cell, as `Occupancy.bits`. */
  readonly bits: Uint32Array<ArrayBuffer>;
};

/**
 * Cells of the cube [-1, 1]^3, x fastest, that touch the unit ball.
 * @param resolution cells along a side.
 */
export function ballCells(resolution: number): Uint32Array {
  const size = 2 / resolution;
  // Squared distance from the origin to the nearest point of the cell along one axis.
  const nearest = Array.from({ length: resolution }, (_, i) => {
    const low = i * size - 1;
    return Math.max(low, -(low + size), 0) ** 2;
  });
  const cells: number[] = [];
  for (let z = 0; z < resolution; z++) {
    for (let y = 0; y < resolution; y++) {
      for (let x = 0; x < resolution; x++) {
        if (nearest[x]! + nearest[y]! + nearest[z]! < 1) {
          cells.push((z * resolution + y) * resolution + x);
        }
      }
    }
  }
  return Uint32Array.from(cells);
}

/** Which cells rays must not skip. Before the first update none may be skipped. */
export class Occupancy {
  /** u32: one bit a cell, rows along x padded to whole words. */
  readonly bits: GPUBuffer;
  readonly resolution: number;
  /** Cells that touch the unit ball: those that an update looks at. */
  readonly cells: number;
  readonly #gpu: Gpu;
  readonly #arena: Arena;
  readonly #density: GPUBuffer;
  readonly #evaluator: PointEvaluator;
  readonly #draw: Uniforms;
  readonly #sample: Dispatch;
  readonly #update: Dispatch;
  readonly #threshold: Dispatch;
  readonly #mark: Dispatch;
  readonly #dilate: Dispatch;
  readonly #cellGroups: number;
  readonly #wordGroups: number;

  constructor(gpu: Gpu, field: RadianceField, options: OccupancyOptions) {
    const { resolution, threshold, decay = 0.8 } = options;
    const cells = ballCells(resolution);
    const ranks = new Uint32Array(resolution ** 3).fill(noCell);
    for (const [rank, cell] of cells.entries()) ranks[cell] = rank;
    const words = resolution ** 2 * Math.ceil(resolution / 32);
    const cellGroups = Math.ceil(cells.length / lanes);
    this.#gpu = gpu;
    this.resolution = resolution;
    this.cells = cells.length;
    this.#arena = new Arena(gpu, 'occupancy');
    this.bits = this.#arena.upload('bits', new Uint32Array(words).fill(0xffffffff));
    this.#density = this.#arena.allocate('density', cells.length);
    const points: Points = {
      positions: this.#arena.allocate('positions', cells.length * 4),
      count: this.#arena.upload(
        'count',
        Uint32Array.of(cells.length, cellGroups, 1, 1),
        GPUBufferUsage.INDIRECT,
      ),
      capacity: cells.length,
    };
    this.#evaluator = field.evaluator(points, { gradient: false });
    const shader = new Shader(gpu, 'render.occupancy', code, {
      resolution,
      cell_count: cells.length,
      decay,
      max_threshold: threshold,
      stream: streams.occupancy,
    });
    this.#draw = shader.uniforms('draw');
    const resources = {
      draw: this.#draw.buffer,
      cells: this.#arena.upload('cells', cells),
      ranks: this.#arena.upload('ranks', ranks),
      positions: points.positions,
      values: this.#evaluator.values,
      density: this.#density,
      threshold_sigma: this.#arena.allocate('threshold', 1),
      marked: this.#arena.allocate('marked', words),
      occupied: this.bits,
    };
    this.#sample = shader.bind('sample', resources);
    this.#update = shader.bind('update', resources);
    this.#threshold = shader.bind('threshold', resources);
    this.#mark = shader.bind('mark', resources);
    this.#dilate = shader.bind('dilate', resources);
    this.#cellGroups = cellGroups;
    this.#wordGroups = Math.ceil(words / lanes);
  }

  /** Queues the upload of what decides the points of the next update. */
  begin(seed: number, step: number): void {
    this.#draw.write({ seed, step });
  }

  /** Records an update: the field at a random point of each cell, then the bits. */
  update(pass: GPUComputePassEncoder): void {
    this.#sample.record(pass, this.#cellGroups);
    this.#evaluator.forward(pass);
    this.#update.record(pass, this.#cellGroups);
    this.#threshold.record(pass, 1);
    this.#mark.record(pass, this.#wordGroups);
    this.#dilate.record(pass, this.#wordGroups);
  }

  /**
   * Clears the bits of other cells than these, until the next update.
   * @param cells u8 [R, R, R], x fastest: 1 for those that may stay.
   */
  async restrict(readback: Readback, cells: Uint8Array): Promise<void> {
    const words = Math.ceil(this.resolution / 32);
    const bits = new Uint32Array(await readback.read(this.bits));
    for (const [at, stays] of cells.entries()) {
      const x = at % this.resolution;
      const word = Math.floor(at / this.resolution) * words + (x >> 5);
      if (!stays) bits[word] = bits[word]! & ~(1 << (x & 31));
    }
    this.#gpu.device.queue.writeBuffer(this.bits, 0, bits);
  }

  async snapshot(readback: Readback): Promise<OccupancySnapshot> {
    return {
      density: new Float32Array(await readback.read(this.#density)),
      bits: new Uint32Array(await readback.read(this.bits)),
    };
  }

  /**
   * Queues the upload of a snapshot.
   * @throws LimbeckError naming an array that is missing, of another type or of another resolution; then nothing
   *   is set.
   */
  restore(snapshot: Snapshot): void {
    const owner = `The occupancy grid of resolution ${this.resolution}`;
    const density = storedArray(snapshot, 'density', 'F32', this.cells, owner);
    const bits = storedArray(snapshot, 'bits', 'U32', this.bits.size / wordBytes, owner);
    const { queue } = this.#gpu.device;
    queue.writeBuffer(this.#density, 0, density);
    queue.writeBuffer(this.bits, 0, bits);
  }

  dispose(): void {
    this.#evaluator.dispose();
    this.#draw.dispose();
    this.#arena.dispose();
  }
}
