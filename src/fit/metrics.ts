import { colourDifference, psnr, silhouetteOverlap } from '../image/metrics';
import { linear } from '../image/srgb';
import { onWhite, viewAt } from '../image/views';
import type { Mesh } from '../mesh/surface/extract';
import type { ObjectMesh } from '../object/object_mesh';
import { readMesh } from '../object/read_object';
import { objectViews } from '../object/views';
import type { Fit } from './fit';
import { sphereCameras } from './known_views';

/** Views that no fit has seen: how many, and their side in pixels. */
const unseen = { count: 16, size: 128 };
/** Their lattice of cameras is turned by this against that of the known views, in degrees. */
const unseenTurn = 57;

interface Spread {
  readonly mean: number;
  readonly worst: number;
}

/** How near a fit came to its object, on views that it never saw. */
export interface FitMetrics {
  /** Peak signal-to-noise ratio of the field's views in decibels: premultiplied RGB and alpha. */
  readonly psnr: Spread;
  /** The same of RGB over a white background. */
  readonly psnrOnWhite: Spread;
  /** Intersection over union of the mesh's silhouette and the object's. */
  readonly silhouetteOverlap: Spread;
  /** Mean absolute difference of the mesh's colours from the object's in 255ths, where both are seen. */
  readonly colourDifference: number;
  /** The same of the textured mesh, as its file is read. */
  readonly texture?: {
    readonly triangles: number;
    readonly silhouetteOverlap: Spread;
    readonly colourDifference: number;
  };
}

export interface FitMetricsOptions {
  /** Views that are compared. Default: 16 of 128 pixels. */
  readonly views?: { readonly count: number; readonly size: number };
  /** A GLB of the mesh with a texture, to be compared, too. */
  readonly textured?: Uint8Array<ArrayBuffer>;
}

/** Compares the field and its mesh with the object. */
export async function fitMetrics(
  fit: Fit,
  object: ObjectMesh,
  mesh: Mesh,
  { views: { count, size } = unseen, textured }: FitMetricsOptions = {},
): Promise<FitMetrics> {
  const cameras = sphereCameras(count, unseenTurn);
  const each = (views: Float32Array) => cameras.map((_, i) => viewAt(views, i, count));
  const wanted = each(objectViews(object, cameras, size));
  const field = each(await fit.views(cameras, size));
  const ofSurface = (surface: ObjectMesh) => {
    const views = each(objectViews(surface, cameras, size));
    const differences = views.map((view, i) => colourDifference(view, wanted[i]!));
    const total = (key: 'sum' | 'count') => differences.reduce((sum, d) => sum + d[key], 0);
    return {
      silhouetteOverlap: spread(views.map((view, i) => silhouetteOverlap(view, wanted[i]!))),
      colourDifference: total('sum') / total('count'),
    };
  };
  const texturedMesh = textured && (await readMesh(textured, 'textured.glb')).mesh;
  return {
    psnr: spread(field.map((view, i) => psnr(view, wanted[i]!))),
    psnrOnWhite: spread(field.map((view, i) => psnr(onWhite(view), onWhite(wanted[i]!)))),
    ...ofSurface(paintedMesh(mesh)),
    ...(texturedMesh && {
      texture: { triangles: texturedMesh.paintOf.length, ...ofSurface(texturedMesh) },
    }),
  };
}

const spread = (values: readonly number[]): Spread => ({
  mean: values.reduce((sum, value) => sum + value, 0) / values.length,
  worst: Math.min(...values),
});

/** A field's mesh as an object, its vertex colours in linear light. */
export function paintedMesh({ positions, colours, indices }: Mesh): ObjectMesh {
  return {
    positions,
    indices,
    colours: colours.map(linear),
    uvs: new Float32Array((2 * positions.length) / 3),
    paintOf: new Uint16Array(indices.length / 3),
    paints: [{ cutoff: 0 }],
  };
}
