import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { Readback } from '../gpu/readback';
import { seenColours } from './colours';
import { keepLargeComponents } from './components';
import { FieldSampler, type SampledField } from './density';
import { fillHidden } from './hidden';
import { defaultIso, type IsoRule, isoLevel } from './iso';
import { MarchingCubes, type Surface } from './marching_cubes';
import { vertexNormals } from './normals';
import { refine } from './refine';
import { taubinSmooth } from './smooth';

export { EmptyFieldError } from './iso';

/** A closed triangle mesh, y up, front to +z, in the field's unit sphere. */
export interface Mesh extends Surface {
  /** f32 [vertices, 3], unit, outwards. */
  readonly normals: Float32Array;
  /** f32 [vertices, 3], display sRGB in [0, 1]. */
  readonly colours: Float32Array;
}

export interface ExtractOptions {
  /** Grid points along an edge of [-1, 1]^3. Default 128. */
  readonly resolution?: number;
  /** Default: half opaque over 0.1. */
  readonly iso?: IsoRule;
  /** Iterations of smoothing. Default 3. */
  readonly smooth?: number;
  /** Parts with less than this share of the largest part's area and volume go. Default 0.05. */
  readonly keep?: number;
}

/**
 * The mesh of a field: density grid, hidden hollows filled, marching cubes with vertices moved to the level,
 * removal of floaters, smoothing, normals, colours.
 *
 * @throws EmptyFieldError when the field nowhere exceeds the iso-level.
 * @throws RangeError when the grid exceeds what the adapter can bind.
 */
export async function extractMesh(
  gpu: Gpu,
  field: SampledField,
  { resolution = 128, iso = defaultIso, smooth = 3, keep = 0.05 }: ExtractOptions = {},
): Promise<Mesh> {
  if (!Number.isInteger(resolution) || resolution < 4) {
    throw new RangeError(`A mesh's resolution must be an integer from 4 on, not ${resolution}.`);
  }
  const sampler = new FieldSampler(gpu, field);
  try {
    const whole = await extractSurface(gpu, sampler, resolution, iso);
    const { positions, indices } = keepLargeComponents(whole, keep);
    const surface = { positions: taubinSmooth({ positions, indices }, smooth), indices };
    const normals = vertexNormals(surface);
    const colours = await seenColours(sampler, surface.positions, normals);
    return { ...surface, normals, colours };
  } finally {
    sampler.dispose();
  }
}

async function extractSurface(
  gpu: Gpu,
  sampler: FieldSampler,
  resolution: number,
  rule: IsoRule,
): Promise<Surface> {
  const arena = new Arena(gpu, 'mesh.extract');
  const readback = new Readback(gpu);
  try {
    const density = arena.allocate('density', resolution ** 3);
    sampler.density(density, resolution);
    const values = await readback.floats(density, resolution ** 3);
    const level = await isoLevel(rule, sampler, values, resolution);
    const solid = fillHidden(values, resolution, level);
    gpu.device.queue.writeBuffer(density, 0, solid);
    const cubes = new MarchingCubes(gpu, density, resolution);
    try {
      return await refine(sampler, await cubes.extract(level), solid, resolution, level);
    } finally {
      cubes.dispose();
    }
  } finally {
    arena.dispose();
    readback.dispose();
  }
}
