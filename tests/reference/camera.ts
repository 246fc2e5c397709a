import type { Camera } from '../../src/render/camera';

export type Vec3 = readonly [number, number, number];
export interface Ray {
  readonly origin: Vec3;
  readonly direction: Vec3;
}

export const dot = (a: Vec3, b: Vec3) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const along = (ray: Ray, t: number): Vec3 => [
  ray.origin[0] + t * ray.direction[0],
  ray.origin[1] + t * ray.direction[1],
  ray.origin[2] + t * ray.direction[2],
];

/** The ray through (x, y) in pixels of a view of width x height; y grows downwards. */
export function cameraRay(
  camera: Camera,
  x: number,
  y: number,
  width: number,
  height: number,
): Ray {
  const tan = Math.tan((camera.fovy * Math.PI) / 360);
  const u = ((2 * x - width) / height) * tan;
  const v = ((height - 2 * y) / height) * tan;
  const { c2w } = camera;
  const d = [0, 4, 8].map((r) => u * c2w[r]! + v * c2w[r + 1]! - c2w[r + 2]!);
  const norm = Math.hypot(...d);
  return {
    origin: [c2w[3]!, c2w[7]!, c2w[11]!],
    direction: [d[0]! / norm, d[1]! / norm, d[2]! / norm],
  };
}

/** Distances at which the ray is inside the unit ball and in front of its origin; near = far: a miss. */
export function ballInterval(ray: Ray): { near: number; far: number } {
  const b = dot(ray.origin, ray.direction);
  const discriminant = b * b - dot(ray.origin, ray.origin) + 1;
  if (discriminant <= 0) return { near: 0, far: 0 };
  const half = Math.sqrt(discriminant);
  return { near: Math.max(-b - half, 0), far: Math.max(-b + half, 0) };
}
