import { colourDifference, psnr, silhouetteOverlap } from '../image/metrics';
import { linear } from '../image/srgb';
import { onWhite, viewAt } from '../image/views';
import type { Mesh } from '../mesh/surface/extract';
import { flatten } from '../object/flatten';
import type { ObjectMesh } from '../object/object_mesh';
import { readGlb } from '../object/read_glb';
import type { Fit } from './fit';
import { sphereCameras, viewsOf } from './known_views';

/** Views that no fit has seen: their lattice is turned against that of the known views, in degrees. */
const unseen = { count: 16, size: 128 };
const unseenTurn = 57;

interface Spread {
  readonly mean: number;
  readonly worst: number;
}

/** How near a fit came to its object, on unseen views. */
export interface Judgement {
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

export interface JudgeOptions {
  /** Views that it is judged on. Default: 16 of 128 pixels. */
  readonly views?: { readonly count: number; readonly size: number };
  /** A GLB of the mesh with a texture, to be judged, too. */
  readonly textured?: Uint8Array<ArrayBuffer>;
}

/** Compares the field and its mesh with the object. */
export async function judge(
  fit: Fit,
  object: ObjectMesh,
  mesh: Mesh,
  { views: { count, size } = unseen, textured }: JudgeOptions = {},
): Promise<Judgement> {
  const cameras = sphereCameras(count, unseenTurn);
  const each = (views: Float32Array) => cameras.map((_, i) => viewAt(views, i, count));
  const wanted = each(viewsOf(object, cameras, size));
  const field = each(await fit.views(cameras, size));
  const judgeSurface = (surface: ObjectMesh) => {
    const views = each(viewsOf(surface, cameras, size));
    const differences = views.map((view, i) => colourDifference(view, wanted[i]!));
    const total = (key: 'sum' | 'count') => differences.reduce((sum, d) => sum + d[key], 0);
    return {
      silhouetteOverlap: spread(views.map((view, i) => silhouetteOverlap(view, wanted[i]!))),
      colourDifference: total('sum') / total('count'),
    };
  };
  const texturedMesh = textured && flatten(await readGlb(textured, 'textured.glb'), 'textured.glb');
  return {
    psnr: spread(field.map((view, i) => psnr(view, wanted[i]!))),
    psnrOnWhite: spread(field.map((view, i) => psnr(onWhite(view), onWhite(wanted[i]!)))),
    ...judgeSurface(paintedMesh(mesh)),
    ...(texturedMesh && {
      texture: { triangles: texturedMesh.paintOf.length, ...judgeSurface(texturedMesh) },
    }),
  };
}

const spread = (values: readonly number[]): Spread => ({
  mean: values.reduce((sum, value) => sum + value, 0) / values.length,
  worst: Math.min(...values),
});

/** A field's mesh as it is drawn. */
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
