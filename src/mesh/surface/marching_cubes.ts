import code from '../../../shaders/mesh/marching_cubes.wgsl';
import { Arena } from '../../gpu/arena';
import type { Gpu } from '../../gpu/device';
import { type Dispatch, Shader, type Uniforms } from '../../gpu/kernel';
import { Readback } from '../../gpu/readback';
import { packedTable, wordsPerCase } from './marching_cubes_table';

/** A triangle mesh in the field's coordinates. */
export interface Surface {
  /** f32 [vertices, 3] */
  readonly positions: Float32Array;
  /** u32 [triangles, 3], counter-clockwise seen from outside. */
  readonly indices: Uint32Array;
}

/**
 * The surface where a density grid crosses a level, on the GPU. Vertices are shared, and the surface
 * is closed and manifold: every edge is in exactly two triangles (see marching_cubes_table.ts).
 * The order of vertices and triangles depends on the grid alone.
 *
 * Extraction is no part of a training step: it reads the surface's size back to allocate its buffers.
 */
export class MarchingCubes {
  readonly #gpu: Gpu;
  readonly #resolution: number;
  readonly #shader: Shader;
  readonly #arena: Arena;
  readonly #readback: Readback;
  readonly #uniforms: Uniforms;
  readonly #inputs: { density: GPUBuffer; surface: GPUBuffer; cases: GPUBuffer };
  readonly #offsets: { columns: GPUBuffer; rows: GPUBuffer };
  readonly #counting: readonly [Dispatch, number, number][];

  /**
   * @param density f32 [R, R, R], x fastest, finite, at positions -1 + 2 i / (R - 1).
   * @param resolution R >= 2.
   */
  constructor(gpu: Gpu, density: GPUBuffer, resolution: number) {
    this.#gpu = gpu;
    this.#resolution = resolution;
    this.#shader = new Shader(gpu, 'mesh.marching_cubes', code, {
      resolution,
      words_per_case: wordsPerCase,
    });
    this.#arena = new Arena(gpu, 'mesh.marching_cubes');
    this.#readback = new Readback(gpu);
    this.#uniforms = this.#shader.uniforms('surface');
    const cases = this.#arena.upload('cases', packedTable());
    this.#inputs = { density, surface: this.#uniforms.buffer, cases };
    this.#offsets = {
      columns: this.#arena.allocate('columns', 2 * resolution ** 2),
      rows: this.#arena.allocate('rows', 2 * (resolution + 1)),
    };
    const buffers = { ...this.#inputs, ...this.#offsets };
    const tiles = Math.ceil(resolution / 8);
    this.#counting = [
      [this.#shader.bind('count', buffers), tiles, tiles],
      [this.#shader.bind('scan_columns', buffers), Math.ceil(resolution / 64), 1],
      [this.#shader.bind('scan_rows', buffers), 1, 1],
    ];
  }

  /**
   * The surface where the density exceeds `iso`; the grid's border counts as empty.
   * @param iso level, >= 0.
   */
  async extract(iso: number): Promise<Surface> {
    if (!(iso >= 0)) throw new RangeError(`The iso-level must be >= 0, but is ${iso}.`);
    this.#uniforms.write({ iso });
    await this.#gpu.pipelines.ready();
    this.#submit(this.#counting);
    const [vertices, triangles] = await this.#totals();
    if (triangles === 0) return { positions: new Float32Array(0), indices: new Uint32Array(0) };
    const output = new Arena(this.#gpu, 'mesh.surface');
    try {
      const positions = output.allocate('positions', 3 * vertices);
      const indices = output.allocate('indices', 3 * triangles);
      const buffers = { ...this.#inputs, ...this.#offsets, positions, indices };
      const tiles = Math.ceil(this.#resolution / 8);
      this.#submit([[this.#shader.bind('emit', buffers), tiles, tiles]]);
      return {
        positions: await this.#readback.floats(positions, 3 * vertices),
        indices: await this.#readback.words(indices, 3 * triangles),
      };
    } finally {
      output.dispose();
    }
  }

  dispose(): void {
    this.#arena.dispose();
    this.#readback.dispose();
    this.#uniforms.dispose();
  }

  async #totals(): Promise<[vertices: number, triangles: number]> {
    const totals = await this.#readback.words(this.#offsets.rows, 2, 2 * this.#resolution);
    return [totals[0]!, totals[1]!];
  }

  #submit(dispatches: readonly (readonly [Dispatch, number, number])[]): void {
    const encoder = this.#gpu.device.createCommandEncoder({ label: 'mesh.marching_cubes' });
    const pass = encoder.beginComputePass();
    for (const [dispatch, x, y] of dispatches) dispatch.record(pass, x, y);
    pass.end();
    this.#gpu.device.queue.submit([encoder.finish()]);
  }
}
