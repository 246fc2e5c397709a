import type { Camera } from '../render/camera';
import type { ObjectMesh } from './object_mesh';
import type { Raster } from './rasterise';

/** One light that is fixed in the world, far away. */
export interface Light {
  /** Towards it; of any length. */
  readonly direction: readonly number[];
  /** Brightness of a face that is turned away from it, of 1. */
  readonly ambient: number;
}

/**
 * A raster whose display colours are multiplied by the light that faces get: half Lambert (Mitchell et al. 2006), from
 * `ambient` for a face turned away to 1 for one that looks at the light. Faces are flat, and lit on the side that is
 * seen.
 * @param camera that of the raster.
 */
export function lit(
  raster: Raster,
  mesh: ObjectMesh,
  { c2w }: Camera,
  { direction, ambient }: Light,
): Raster {
  const eye = [c2w[3]!, c2w[7]!, c2w[11]!];
  const length = Math.hypot(...direction);
  const brightness = new Map<number, number>();
  const rgba = raster.rgba.slice();
  raster.triangle.forEach((triangle, sample) => {
    if (triangle < 0) return;
    const known = brightness.get(triangle);
    const factor = known ?? ambient + (1 - ambient) * halfLambert(triangle);
    if (known === undefined) brightness.set(triangle, factor);
    for (let c = 0; c < 3; c++) {
      rgba[4 * sample + c] = Math.round(factor * rgba[4 * sample + c]!);
    }
  });
  return { ...raster, rgba };

  function halfLambert(triangle: number): number {
    const { positions, indices } = mesh;
    const [a, b, c] = [0, 1, 2].map((corner) => {
      const at = 3 * indices[3 * triangle + corner]!;
      return positions.subarray(at, at + 3);
    }) as [Float32Array, Float32Array, Float32Array];
    const normal = cross(minus(b, a), minus(c, a));
    const seen = Math.sign(dot(normal, minus(eye, a))) || 1;
    const size = Math.hypot(...normal) || 1;
    return 0.5 + (0.5 * seen * dot(normal, direction)) / (size * length);
  }
}

type Vector = ArrayLike<number>;

const minus = (a: Vector, b: Vector) => [a[0]! - b[0]!, a[1]! - b[1]!, a[2]! - b[2]!];
const dot = (a: Vector, b: Vector) => a[0]! * b[0]! + a[1]! * b[1]! + a[2]! * b[2]!;
const cross = (a: Vector, b: Vector) => [
  a[1]! * b[2]! - a[2]! * b[1]!,
  a[2]! * b[0]! - a[0]! * b[2]!,
  a[0]! * b[1]! - a[1]! * b[0]!,
];
