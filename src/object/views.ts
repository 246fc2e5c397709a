import type { Camera } from '../render/camera';
import { type Light, lit } from './lighting';
import type { ObjectMesh } from './object_mesh';
import { boxFiltered, rasterise } from './rasterise';

/** Samples along a pixel's side. */
const samples = 4;

/**
 * Views of an object.
 * @param size side of the views in pixels.
 * @param light what it is seen in; without, colours are the object's own.
 * @returns f32 [V, 4, size, size]: display sRGB premultiplied by alpha, then alpha; row 0 at the top.
 * @throws RangeError when some of the object is behind a camera.
 */
export function objectViews(
  mesh: ObjectMesh,
  cameras: readonly Camera[],
  size: number,
  light?: Light,
): Float32Array {
  const views = new Float32Array(cameras.length * 4 * size * size);
  cameras.forEach((camera, i) => {
    const raster = rasterise(mesh, camera, samples * size, samples * size);
    const seen = light ? lit(raster, mesh, camera, light) : raster;
    views.set(boxFiltered(seen, samples), i * 4 * size * size);
  });
  return views;
}
