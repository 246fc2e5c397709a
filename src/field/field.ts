import type { Gpu } from '../gpu/device';
import type { Readback } from '../gpu/readback';
import { type Snapshot, storedArray } from '../gpu/snapshot';
import { FieldEvaluator } from './evaluator';
import { HashGrid } from './hash_grid';
import { Mlp } from './mlp';
import { type FieldOptions, fieldOptions } from './options';
import type { Points } from './points';

/** A field's parameters on the CPU, for a checkpoint. */
export type FieldSnapshot = {
  /** f32 [entries, 2] */
  readonly table: Float32Array<ArrayBuffer>;
  /** f32 [hidden, inputs + 1, 4] */
  readonly mlp: Float32Array<ArrayBuffer>;
};

/**
 * A radiance field on the unit ball: a multiresolution hash grid (Müller et al. 2022), a small
 * perceptron to colour and density, and a blob of density to start from. Colour does not depend on
 * the view. Owns parameters and gradients; evaluators own what belongs to a set of points.
 */
export class Field {
  readonly options: FieldOptions;
  readonly grid: HashGrid;
  readonly mlp: Mlp;
  readonly #gpu: Gpu;

  /**
   * @param seed of the initial parameters (stream `fieldInit`).
   * @throws SettingsError naming an option out of range, LimbeckError the buffer that the adapter cannot bind.
   */
  constructor(gpu: Gpu, options: Partial<FieldOptions> = {}, seed = 0) {
    this.#gpu = gpu;
    this.options = fieldOptions(options);
    this.grid = new HashGrid(gpu, this.options);
    this.mlp = new Mlp(gpu, this.options);
    this.restore({ table: this.grid.initial(seed), mlp: this.mlp.initial(seed) });
  }

  /**
   * The parameters as an optimiser sees them: `values` f32, `gradient` f32 or, where there are `quanta`, i32 in
   * units of its segment's quantum. `halves` is what the field reads in place of `values`. Segments count in
   * 32-bit words.
   */
  get parameters() {
    const { levels, table, halves, gradient, quanta } = this.grid;
    return [
      {
        name: 'table',
        values: table,
        halves,
        gradient,
        quanta,
        segments: levels.map(({ offset, entries }) => ({ first: 2 * offset, words: 2 * entries })),
      },
      {
        name: 'mlp',
        values: this.mlp.weights,
        gradient: this.mlp.gradient,
        segments: [{ first: 0, words: this.mlp.words }],
      },
    ] as const;
  }

  /** GPU memory of parameters and gradients. */
  get bytes(): number {
    return this.grid.bytes + this.mlp.bytes;
  }

  /** Most words that one buffer of an evaluator holds for each point: its features, or its values. */
  get wordsPerPoint(): number {
    return 4 * this.mlp.inputs;
  }

  /**
   * Levels that take part, 0 to `levels`, coarse to fine; a fraction fades the next level in.
   * Holds from the next submit on.
   */
  set activeLevels(count: number) {
    this.grid.activeLevels = count;
  }

  /**
   * Evaluates the field at `points`. With `gradient`, one `backward` in a step: its gradients
   * replace those of the MLP and set the unit that those of the table are counted in.
   */
  evaluator(
    points: Points,
    options: { readonly gradient: boolean; readonly tiled?: boolean },
  ): FieldEvaluator {
    return new FieldEvaluator(this.#gpu, this.grid, this.mlp, points, options);
  }

  /** Copies of the parameters. */
  async snapshot(readback: Readback): Promise<FieldSnapshot> {
    const [table, mlp] = await Promise.all([
      readback.read(this.grid.table, 0, 4 * this.grid.words),
      readback.read(this.mlp.weights, 0, 4 * this.mlp.words),
    ]);
    return { table: new Float32Array(table), mlp: new Float32Array(mlp) };
  }

  /**
   * Sets the parameters from a snapshot of a field with the same options.
   * @throws LimbeckError naming an array that is missing, of another type or size; then nothing is set.
   */
  restore(snapshot: Snapshot): void {
    const table = storedArray(snapshot, 'table', 'F32', this.grid.words, 'The field');
    const mlp = storedArray(snapshot, 'mlp', 'F32', this.mlp.words, 'The field');
    this.grid.write(table);
    this.#gpu.device.queue.writeBuffer(this.mlp.weights, 0, mlp);
  }

  dispose(): void {
    this.grid.dispose();
    this.mlp.dispose();
  }
}
