import { EmptyFieldError } from './iso';

/** Standard deviations of the Gaussian that its taps reach. */
const reach = 3;

/** Deviations around a point in which the solid's peak is looked for. */
const neighbourhood = 1.25;

/** Peaks below this count as this: a part that is less solid by half vanishes. */
const leastPeak = 0.2;

/** The level of the surface in what `blurredSolid` returns. */
export const solidLevel = 0.5;

/**
 * What a mesh is made of where the views are coarser than its grid: detail finer than their pixels is noise that
 * no view has asked for. Solidity 1 - 2^(-σ / level), which is half at the level and at most one however dense the
 * inside is, through a separable Gaussian, over its own peak nearby: thin parts, which are all peak and no inside,
 * stay about as wide as the Gaussian.
 *
 * @param density f32 [R, R, R], x fastest, on [-1, 1]^3.
 * @param level the density of the surface.
 * @param deviation of the Gaussian, in units of the field.
 * @returns f32 [R, R, R] in [0, 1]; 0 on the border, where meshes close.
 * @throws EmptyFieldError when nothing is thick enough.
 */
export function blurredSolid(
  density: Float32Array,
  resolution: number,
  level: number,
  deviation: number,
): Float32Array<ArrayBuffer> {
  const points = (deviation * (resolution - 1)) / 2;
  const taps = gaussian(points);
  const around = Math.round(neighbourhood * points);
  let solid: Float32Array = density.map((sigma) => 1 - 2 ** (-sigma / level));
  for (const stride of [1, resolution, resolution ** 2]) {
    solid = filtered(solid, resolution, stride, taps);
  }
  let peak = solid;
  for (const stride of [1, resolution, resolution ** 2]) {
    peak = greatest(peak, resolution, stride, around);
  }
  const closed = Float32Array.from(solid, (value, at) =>
    onBorder(at, resolution) ? 0 : value / Math.max(peak[at]!, leastPeak),
  );
  if (!closed.some((value) => value > solidLevel)) {
    throw new EmptyFieldError(
      `All parts of the field are too thin: blurred over ${deviation.toPrecision(2)}, nothing solid is left of them. Choose a smaller mesh.blur (0 for none), or train for more steps.`,
    );
  }
  return closed;
}

/** Weights of offsets 0, 1, ... of a normalised Gaussian, its deviation in grid points. */
function gaussian(deviation: number): number[] {
  const weights = Array.from({ length: Math.ceil(reach * deviation) + 1 }, (_, i) =>
    Math.exp(-0.5 * (i / deviation) ** 2),
  );
  const total = weights.reduce((sum, weight, i) => sum + (i === 0 ? 1 : 2) * weight, 0);
  return weights.map((weight) => weight / total);
}

/** `values` through the taps along the axis of `stride`; nothing lies beyond the grid. */
function filtered(
  values: Float32Array,
  resolution: number,
  stride: number,
  taps: readonly number[],
): Float32Array {
  return values.map((value, at) => {
    const place = Math.floor(at / stride) % resolution;
    let sum = taps[0]! * value;
    for (let i = 1; i < taps.length; i++) {
      const below = place >= i ? values[at - i * stride]! : 0;
      const above = place + i < resolution ? values[at + i * stride]! : 0;
      sum += taps[i]! * (below + above);
    }
    return sum;
  });
}

/** The greatest of the values up to `around` points away along the axis of `stride`. */
export function greatest(
  values: Float32Array,
  resolution: number,
  stride: number,
  around: number,
): Float32Array {
  return values.map((value, at) => {
    const place = Math.floor(at / stride) % resolution;
    const first = -Math.min(around, place);
    const last = Math.min(around, resolution - 1 - place);
    let most = value;
    for (let i = first; i <= last; i++) most = Math.max(most, values[at + i * stride]!);
    return most;
  });
}

function onBorder(at: number, resolution: number): boolean {
  const ends = (place: number) => place === 0 || place === resolution - 1;
  const row = Math.floor(at / resolution);
  return ends(at % resolution) || ends(row % resolution) || ends(Math.floor(row / resolution));
}
