import type { Gpu } from '../../gpu/device';
import type { PngEncoder } from '../../image/png';
import { FieldSampler, type SampledField } from '../solid/field_sampler';
import type { Mesh } from '../surface/extract';
import { bakeTexture } from './bake';
import { type Atlas, unwrapMesh } from './unwrap';

/** An image on a mesh, in place of its vertex colours. */
export interface Texture {
  readonly atlas: Atlas;
  /** The image as a PNG file, display sRGB. */
  readonly png: Uint8Array;
}

/**
 * Unwraps a mesh and bakes its field's colours.
 *
 * @param mesh of about `mostUnwrapped` triangles or fewer.
 * @param size side of the image in texels.
 * @throws LimbeckError for a size that is no texture's.
 */
export async function textureMesh(
  gpu: Gpu,
  field: SampledField,
  mesh: Mesh,
  size: number,
  encodePng: PngEncoder,
): Promise<Texture> {
  const atlas = await unwrapMesh(mesh, size);
  const sampler = new FieldSampler(gpu, field);
  try {
    return { atlas, png: await encodePng(await bakeTexture(sampler, mesh, atlas, size)) };
  } finally {
    sampler.dispose();
  }
}
