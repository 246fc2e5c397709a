import { Arena } from '../../gpu/arena';
import type { Gpu } from '../../gpu/device';
import { Readback } from '../../gpu/readback';
import { blurredSolidity, surfaceSolidity } from './blur_solidity';
import type { FieldSampler } from './field_sampler';
import { fillInterior } from './fill_interior';
import { type IsoRule, isoLevel } from './iso';

/** Where an object is solid: what its mesh is the surface of. */
export interface SolidityGrid {
  /** f32 [R, R, R], x fastest, at positions -1 + 2 i / (R - 1): densities, or solidities where they are blurred. */
  readonly values: Float32Array<ArrayBuffer>;
  /** Values above it are inside of the surface. */
  readonly level: number;
}

/** The solidity grid of a field. */
export interface FieldSolidity extends SolidityGrid {
  /** The density at the surface, per unit length. */
  readonly iso: number;
}

export interface SolidityOptions {
  /** R: grid points along an edge of [-1, 1]^3. */
  readonly resolution: number;
  readonly iso: IsoRule;
  /** Deviation of the Gaussian that solidity is blurred with, in units of the field; 0: none. */
  readonly blur: number;
}

/**
 * The solidity grid of a field: its density with the interior filled, blurred if asked for.
 * @throws EmptyFieldError when the field nowhere exceeds the iso-level.
 */
export async function solidityGrid(
  gpu: Gpu,
  sampler: FieldSampler,
  { resolution, iso, blur }: SolidityOptions,
): Promise<FieldSolidity> {
  const arena = new Arena(gpu, 'mesh.solidity');
  const readback = new Readback(gpu);
  try {
    const buffer = arena.allocate('density', resolution ** 3);
    await sampler.density(buffer, resolution);
    const density = await readback.floats(buffer, resolution ** 3);
    const level = await isoLevel(iso, sampler, density, resolution);
    const filled = fillInterior(density, resolution, level);
    if (blur === 0) return { values: filled, level, iso: level };
    const values = blurredSolidity(filled, resolution, level, blur);
    return { values, level: surfaceSolidity, iso: level };
  } finally {
    arena.dispose();
    readback.dispose();
  }
}
