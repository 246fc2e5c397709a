/** Optical depth that hides what lies behind it: less than a hundredth of the light comes through. */
const opaque = 5;

/** The 26 directions from a grid point to its neighbours. */
const directions = [-1, 0, 1]
  .flatMap((z) => [-1, 0, 1].flatMap((y) => [-1, 0, 1].map((x) => [x, y, z] as const)))
  .filter((direction) => direction.some((d) => d !== 0));

/**
 * Fills an object's interior, the grid points that no view can look at. No gradient has ever reached the field
 * there: its density is whatever training left over, and without the filling a surface would run around it, as
 * cavities and tunnels. A point is interior when in each of the 26 directions of the grid an optical depth of
 * more than 5 lies between it and the outside.
 *
 * @param density f32 [R, R, R], x fastest, on [-1, 1]^3, per unit length.
 * @param level the density at the surface.
 * @returns f32 [R, R, R]: the same, at least twice the level at interior points.
 */
export function fillInterior(
  density: Float32Array,
  resolution: number,
  level: number,
): Float32Array<ArrayBuffer> {
  const least = new Float32Array(density.length).fill(Number.POSITIVE_INFINITY);
  for (const direction of directions) accumulate(density, least, resolution, direction);
  return Float32Array.from(density, (sigma, at) =>
    least[at]! > opaque ? Math.max(sigma, 2 * level) : sigma,
  );
}

/** Lowers `least` at each grid point to the optical depth between it and the border against a direction. */
function accumulate(
  density: Float32Array,
  least: Float32Array,
  resolution: number,
  [dx, dy, dz]: readonly [number, number, number],
): void {
  const step = (2 / (resolution - 1)) * Math.hypot(dx, dy, dz);
  const stride = (dz * resolution + dy) * resolution + dx;
  const room = (d: number, p: number) =>
    d === 0 ? Number.POSITIVE_INFINITY : d > 0 ? resolution - p : p + 1;
  const enters = (d: number, p: number) => (d > 0 && p === 0) || (d < 0 && p === resolution - 1);
  for (let z = 0; z < resolution; z++) {
    for (let y = 0; y < resolution; y++) {
      const border = enters(dz, z) || enters(dy, y);
      for (let x = 0; x < resolution; x++) {
        if (!border && !enters(dx, x)) continue;
        let at = (z * resolution + y) * resolution + x;
        let depth = 0;
        for (let left = Math.min(room(dx, x), room(dy, y), room(dz, z)); left > 0; left--) {
          if (depth < least[at]!) least[at] = depth;
          depth += density[at]! * step;
          at += stride;
        }
      }
    }
  }
}
