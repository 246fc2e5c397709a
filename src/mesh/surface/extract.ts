import { LimbeckError } from '../../errors';
import { Arena } from '../../gpu/arena';
import type { Gpu } from '../../gpu/device';
import { FieldSampler, type SampledField } from '../solid/field_sampler';
import { floaterShare } from '../solid/floaters';
import { defaultIso, type IsoRule } from '../solid/iso';
import { type SolidityOptions, solidityGrid } from '../solid/solidity_grid';
import { seenColours } from './colours';
import { keepLargeComponents } from './components';
import { MarchingCubes, type Surface } from './marching_cubes';
import { vertexNormals } from './normals';
import { refine } from './refine';
import { taubinSmooth } from './smooth';

/** A closed triangle mesh, y up, front to +z, in the field's unit sphere. */
export interface Mesh extends Surface {
  /** f32 [vertices, 3], unit, outwards. */
  readonly normals: Float32Array;
  /** f32 [vertices, 3], display sRGB in [0, 1]. */
  readonly colours: Float32Array;
}

export interface ExtractOptions {
  /** Grid points along an edge of [-1, 1]^3. */
  readonly resolution: number;
  /** Default: half opaque over 0.1. */
  readonly iso?: IsoRule;
  /** Deviation of the Gaussian that solidity is blurred with, in units of the field. Default 0: none. */
  readonly blur?: number;
  /** Iterations of smoothing. */
  readonly smooth: number;
  /** Parts with less than this share of the largest part's area and volume go. Default `floaterShare`. */
  readonly keep?: number;
}

/**
 * The mesh of a field: its solidity grid, marching cubes, vertices moved to the level where the grid is not
 * blurred, removal of floaters, smoothing, normals, colours.
 *
 * @throws EmptyFieldError when the field nowhere exceeds the iso-level.
 * @throws LimbeckError when the grid exceeds what the adapter can bind.
 */
export async function extractMesh(
  gpu: Gpu,
  field: SampledField,
  { resolution, iso = defaultIso, blur = 0, smooth, keep = floaterShare }: ExtractOptions,
): Promise<Mesh> {
  if (!Number.isInteger(resolution) || resolution < 4) {
    throw new LimbeckError(
      `A mesh's resolution must be an integer from 4 on, not ${resolution}.`,
      'Choose a larger one.',
    );
  }
  const sampler = new FieldSampler(gpu, field);
  try {
    const surface = await surfaceOf(gpu, sampler, { resolution, iso, blur, smooth, keep });
    const normals = vertexNormals(surface);
    const colours = await seenColours(sampler, surface.positions, normals);
    const { positions, indices } = surface;
    return { positions, indices, normals, colours };
  } finally {
    sampler.dispose();
  }
}

/** A surface, and the density at which it lies, per unit length. */
export interface IsoSurface extends Surface {
  readonly iso: number;
}

/** The shape alone of the mesh that `extractMesh` makes. @throws as that does. */
export async function extractShape(
  gpu: Gpu,
  field: SampledField,
  { iso = defaultIso, blur = 0, keep = floaterShare, ...options }: ExtractOptions,
): Promise<IsoSurface> {
  const sampler = new FieldSampler(gpu, field);
  try {
    return await surfaceOf(gpu, sampler, { ...options, iso, blur, keep });
  } finally {
    sampler.dispose();
  }
}

async function surfaceOf(
  gpu: Gpu,
  sampler: FieldSampler,
  { smooth, keep, ...options }: Required<ExtractOptions>,
): Promise<IsoSurface> {
  const { iso, ...whole } = await extractSurface(gpu, sampler, options);
  const { positions, indices } = keepLargeComponents(whole, keep);
  return { positions: taubinSmooth({ positions, indices }, smooth), indices, iso };
}

async function extractSurface(
  gpu: Gpu,
  sampler: FieldSampler,
  options: SolidityOptions,
): Promise<IsoSurface> {
  const { resolution, blur } = options;
  const { values, level, iso } = await solidityGrid(gpu, sampler, options);
  const arena = new Arena(gpu, 'mesh.extract');
  const cubes = new MarchingCubes(gpu, arena.upload('grid', values), resolution);
  try {
    const rough = await cubes.extract(level);
    const surface = blur > 0 ? rough : await refine(sampler, rough, values, resolution, level);
    return { ...surface, iso };
  } finally {
    cubes.dispose();
    arena.dispose();
  }
}
