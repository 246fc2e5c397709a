/** Optical depth behind which nothing shows: less than a hundredth of the light comes through. */
const opaque = 5;

/**
 * Fills what nobody can look into. Inside an opaque object no view has trained the field: its density there is
 * whatever was left over, and a level between them riddles the solid with tunnels. A grid point is hidden where
 * an optical depth of 5 lies before it along each of the six directions of the axes.
 *
 * @param density f32 [R, R, R], x fastest, on [-1, 1]^3, per unit length.
 * @param level the density of the surface to extract.
 * @returns the same with hidden points denser than the level.
 */
export function fillHidden(density: Float32Array, resolution: number, level: number): Float32Array {
  const step = 2 / (resolution - 1);
  const least = new Float32Array(density.length).fill(Number.POSITIVE_INFINITY);
  for (const stride of [1, resolution, resolution ** 2]) {
    for (const start of lineStarts(resolution, stride)) {
      const end = start + stride * (resolution - 1);
      shade(density, least, step, start, stride, resolution);
      shade(density, least, step, end, -stride, resolution);
    }
  }
  return density.map((sigma, at) => (least[at]! > opaque ? Math.max(sigma, 2 * level) : sigma));
}

/** The first point of every line of the grid along the axis of `stride`. */
function* lineStarts(resolution: number, stride: number): Generator<number> {
  const block = stride * resolution;
  for (let outer = 0; outer < resolution ** 3; outer += block) {
    for (let inner = 0; inner < stride; inner++) yield outer + inner;
  }
}

/** Lowers `least` to the optical depth before each point of a line. */
function shade(
  density: Float32Array,
  least: Float32Array,
  step: number,
  start: number,
  stride: number,
  count: number,
): void {
  let depth = 0;
  for (let i = 0; i < count; i++) {
    const at = start + i * stride;
    if (depth < least[at]!) least[at] = depth;
    depth += density[at]! * step;
  }
}
