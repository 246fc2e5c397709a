/** Standard deviations that the Gaussian's taps reach. */
const reach = 3;

/**
 * A grid through a Gaussian, axis by axis; beyond the grid there is nothing.
 * @param values f32 [R, R, R]
 * @param deviation of the Gaussian, in grid points.
 */
export function gaussianFilter(
  values: Float32Array,
  resolution: number,
  deviation: number,
): Float32Array {
  const taps = gaussianTaps(deviation);
  return axisStrides(resolution).reduce(
    (grid, stride) =>
      grid.map((value, at) => {
        const place = Math.floor(at / stride) % resolution;
        let sum = taps[0]! * value;
        for (let i = 1; i < taps.length; i++) {
          const below = place >= i ? grid[at - i * stride]! : 0;
          const above = place + i < resolution ? grid[at + i * stride]! : 0;
          sum += taps[i]! * (below + above);
        }
        return sum;
      }),
    values,
  );
}

/**
 * The greatest value in the cube around each grid point.
 * @param values f32 [R, R, R]
 * @param around half of the cube's side, in grid points.
 */
export function maxFilter(values: Float32Array, resolution: number, around: number): Float32Array {
  return axisStrides(resolution).reduce(
    (grid, stride) =>
      grid.map((value, at) => {
        const place = Math.floor(at / stride) % resolution;
        const first = -Math.min(around, place);
        const last = Math.min(around, resolution - 1 - place);
        let greatest = value;
        for (let i = first; i <= last; i++) greatest = Math.max(greatest, grid[at + i * stride]!);
        return greatest;
      }),
    values,
  );
}

const axisStrides = (resolution: number) => [1, resolution, resolution ** 2];

/** Weights of the offsets 0, 1, ... grid points of a normalised Gaussian. */
function gaussianTaps(deviation: number): number[] {
  const weights = Array.from({ length: Math.ceil(reach * deviation) + 1 }, (_, i) =>
    Math.exp(-0.5 * (i / deviation) ** 2),
  );
  const total = weights.reduce((sum, weight, i) => sum + (i === 0 ? 1 : 2) * weight, 0);
  return weights.map((weight) => weight / total);
}
