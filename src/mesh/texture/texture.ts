import type { Gpu } from '../../gpu/device';
import type { PngEncoder } from '../../image/png';
import type { MeshFormat } from '../export/formats';
import type { Texture } from '../export/options';
import { FieldSampler, type SampledField } from '../solid/density';
import type { Mesh } from '../surface/extract';
import { bakeTexture } from './bake';
import { unwrapMesh } from './unwrap';

/** Of an OBJ file, which has no vertex colours by its definition. */
const defaultSize = 1024;

/**
 * The side of the texture that a file has, 0 for none.
 * @param asked side in texels; 0 for vertex colours where the format has them.
 */
export function textureSize(format: MeshFormat, asked: number): number {
  if (format === 'ply' || format === 'stl') return 0;
  return asked || (format === 'obj' ? defaultSize : 0);
}

/**
 * Unwraps a mesh and bakes its field's colours.
 *
 * @param mesh of about `mostUnwrapped` triangles or fewer.
 * @param size side of the image in texels.
 * @throws RangeError for a size that is no texture's.
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
