import { Arena } from '../../gpu/arena';
import type { Gpu } from '../../gpu/device';
import { Readback } from '../../gpu/readback';
import { blurredSolid, solidLevel } from './blur';
import type { FieldSampler } from './density';
import { fillHidden } from './fill_interior';
import { type IsoRule, isoLevel } from './iso';

/** What a mesh is the surface of. */
export interface Solid {
  /** f32 [R, R, R], x fastest, at positions -1 + 2 i / (R - 1). */
  readonly grid: Float32Array<ArrayBuffer>;
  /** What exceeds it is inside. */
  readonly level: number;
}

export interface SolidOptions {
  /** R: grid points along an edge of [-1, 1]^3. */
  readonly resolution: number;
  readonly iso: IsoRule;
  /** Deviation of the Gaussian that the solid is blurred with, in units of the field; 0: none. */
  readonly blur: number;
}

/**
 * The solid of a field: its density on a grid, hidden hollows filled, blurred if asked for.
 * @throws EmptyFieldError when the field nowhere exceeds the iso-level.
 */
export async function solidOf(
  gpu: Gpu,
  sampler: FieldSampler,
  { resolution, iso, blur }: SolidOptions,
): Promise<Solid> {
  const arena = new Arena(gpu, 'mesh.solid');
  const readback = new Readback(gpu);
  try {
    const density = arena.allocate('density', resolution ** 3);
    sampler.density(density, resolution);
    const values = await readback.floats(density, resolution ** 3);
    const level = await isoLevel(iso, sampler, values, resolution);
    const filled = fillHidden(values, resolution, level);
    if (blur === 0) return { grid: filled, level };
    return { grid: blurredSolid(filled, resolution, level, blur), level: solidLevel };
  } finally {
    arena.dispose();
    readback.dispose();
  }
}
