import type { Mesh as ChartedMesh, Atlas as Charts } from 'watlas';
import { LimbeckError } from '../../errors';
import type { Mesh } from '../surface/extract';

/** A mesh's surface laid out in a square image, cut along seams. */
export interface Atlas {
  /** u32 [n]: the mesh's vertex at each vertex of the atlas. A vertex on a seam has several. */
  readonly vertices: Uint32Array;
  /** f32 [n, 2] in [0, 1], from the image's top left corner as in glTF. */
  readonly uvs: Float32Array;
  /** u32 [triangles, 3] into `vertices`; the triangles are the mesh's, in its order. */
  readonly indices: Uint32Array;
}

/** Sides of a texture in texels: below, charts are all gutter; above, not every GPU has room. */
const textureSizes = { least: 64, most: 8192 };

/** Triangles up to which unwrapping takes seconds: its time grows with their square. */
export const mostUnwrapped = 20_000;

/** Packings tried for charts that fill the image without exceeding it. */
const packings = 6;

/** Texels between charts; halved with each mip level, so that the first two do not bleed. */
const gutterOf = (size: number) => Math.max(2, Math.round(size / 256));

/**
 * Cuts a mesh into charts that lie flat and packs them into one image (xatlas; least squares conformal
 * maps of Lévy et al., SIGGRAPH 2002). The same mesh gives the same atlas.
 *
 * @param size side of the image in texels; charts are kept apart by `size / 256` of them.
 * @throws LimbeckError for a size that is no texture's.
 */
export async function unwrapMesh(mesh: Mesh, size: number): Promise<Atlas> {
  const { least, most } = textureSizes;
  if (!Number.isInteger(size) || size < least || size > most) {
    throw new LimbeckError(
      `A texture's size must be an integer from ${least} to ${most}, not ${size}.`,
      'Choose one in between.',
    );
  }
  const watlas = await import('watlas');
  await watlas.Initialize();
  const charts = new watlas.Atlas();
  try {
    charts.addMesh({
      vertexPositionData: mesh.positions,
      vertexNormalData: mesh.normals,
      vertexCount: mesh.positions.length / 3,
      vertexPositionStride: 12,
      vertexNormalStride: 12,
      indexData: mesh.indices,
      indexCount: mesh.indices.length,
    });
    charts.computeCharts({});
    pack(charts, size);
    return atlasOf(charts.getMesh(0), Math.max(size, charts.width, charts.height));
  } finally {
    charts.delete();
  }
}

/** Packs with fewer texels per unit until the charts fit. */
function pack(charts: Charts, size: number): void {
  const options = { padding: gutterOf(size), bilinear: true };
  charts.packCharts({ ...options, resolution: size });
  for (let packing = 1; packing < packings; packing++) {
    const side = Math.max(charts.width, charts.height);
    if (side <= size) return;
    const texelsPerUnit = charts.texelsPerUnit * 0.99 * (size / side);
    charts.packCharts({ ...options, texelsPerUnit });
  }
}

/** @param side texels that are 1 in texture coordinates. */
function atlasOf(mesh: ChartedMesh, side: number): Atlas {
  const vertices = new Uint32Array(mesh.vertexCount);
  const uvs = new Float32Array(2 * mesh.vertexCount);
  for (let i = 0; i < mesh.vertexCount; i++) {
    const { xref, uv } = mesh.getVertex(i);
    vertices[i] = xref;
    uvs.set([uv[0] / side, uv[1] / side], 2 * i);
  }
  const indices = new Uint32Array(mesh.indexCount);
  mesh.getIndexArray(indices);
  return { vertices, uvs, indices };
}
