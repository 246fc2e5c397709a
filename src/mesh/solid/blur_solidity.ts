import { gaussianFilter, maxFilter } from './filters';
import { EmptyFieldError } from './iso';

/** Half of the side of the cube in which the maximum of the blurred solidity is looked for, in deviations. */
const neighbourhood = 1.25;

/**
 * The least that a blurred solidity is divided by. A part whose own maximum is under half of it
 * stays below `surfaceSolidity`, and vanishes.
 */
const leastMaximum = 0.2;

/** The level of the surface in what `blurredSolidity` returns. */
export const surfaceSolidity = 0.5;

/**
 * A density grid as a blurred solidity grid, for a field whose views are coarser than the grid: detail finer than
 * their pixels is noise, which no view has asked for. Solidity is 1 - 2^(-σ / level): half at the level, and at most
 * one, however dense the inside is. It goes through a Gaussian and is divided by its maximum nearby. In a part
 * thinner than the Gaussian that maximum is low, too, so that the part stays about as wide as the Gaussian.
 *
 * @param density f32 [R, R, R], x fastest, on [-1, 1]^3, per unit length.
 * @param level the density at the surface.
 * @param deviation of the Gaussian, in units of the field.
 * @returns f32 [R, R, R] in [0, 1]; 0 on the border, where meshes close.
 * @throws EmptyFieldError when no part is thick enough.
 */
export function blurredSolidity(
  density: Float32Array,
  resolution: number,
  level: number,
  deviation: number,
): Float32Array<ArrayBuffer> {
  const points = (deviation * (resolution - 1)) / 2;
  const sharp = density.map((sigma) => 1 - 2 ** (-sigma / level));
  const blurred = gaussianFilter(sharp, resolution, points);
  const nearby = maxFilter(blurred, resolution, Math.round(neighbourhood * points));
  const closed = Float32Array.from(blurred, (value, at) =>
    onBorder(at, resolution) ? 0 : value / Math.max(nearby[at]!, leastMaximum),
  );
  if (!closed.some((value) => value > surfaceSolidity)) {
    throw new EmptyFieldError(
      `All parts of the field are too thin: blurred over ${deviation.toPrecision(2)}, nothing solid is left of them.`,
      'Choose a smaller mesh.blur (0 for none), or train for more steps.',
    );
  }
  return closed;
}

function onBorder(at: number, resolution: number): boolean {
  const ends = (place: number) => place === 0 || place === resolution - 1;
  const row = Math.floor(at / resolution);
  return ends(at % resolution) || ends(row % resolution) || ends(Math.floor(row / resolution));
}
