/** A pinhole camera: camera to world, 4x4 row-major with columns right, up, back, position; fovy in degrees. */
export interface SilhouetteCamera {
  readonly c2w: ArrayLike<number>;
  readonly fovy: number;
}

/** Views of the field to take the outline from. */
export interface Silhouettes {
  /** f32 [V, 4, H, W], premultiplied RGBA, row 0 at the top: only alpha is read. */
  readonly views: Float32Array;
  readonly width: number;
  readonly height: number;
  /** One for each view. */
  readonly cameras: readonly SilhouetteCamera[];
}

/**
 * How the density at the surface is chosen:
 * - a number: that density, per unit length;
 * - `opacity` and `length`: the density that is as opaque as `opacity` over `length`;
 * - `silhouettes`: the density whose surface has the outline of the given views.
 */
export type IsoRule =
  | number
  | { readonly opacity: number; readonly length: number }
  | { readonly silhouettes: Silhouettes };

/** Half opaque over a twentieth of the object's diameter. */
export const defaultIso: IsoRule = { opacity: 0.5, length: 0.1 };

/** Thrown when no density exceeds the iso-level. */
export class EmptyFieldError extends Error {
  override readonly name = 'EmptyFieldError';

  /** @param densest the greatest density found. */
  constructor(iso: number, densest: number) {
    super(
      `The field is empty: its density reaches ${densest.toPrecision(3)}, so iso-level ${iso.toPrecision(3)} gives no surface. Train for more steps, try another seed, or choose an iso-level below ${densest.toPrecision(3)}.`,
    );
  }
}

/** The density σ with 1 - exp(-σ length) = opacity. */
export function opacityLevel(opacity: number, length: number): number {
  if (!(opacity > 0 && opacity < 1 && length > 0)) {
    throw new RangeError(
      `An iso-level needs an opacity in (0, 1) and a positive length, not ${opacity} over ${length}.`,
    );
  }
  return -Math.log(1 - opacity) / length;
}

/** Densities below this count as none. */
const leastDensity = 1e-6;

/**
 * The greatest density on the ray of each pixel: the outline of the surface at level σ is the set of
 * pixels whose peak exceeds σ. Between grid points the logarithm is interpolated, as density grows like
 * e^z there: the nearest grid point's would widen the outline and choose too high a level.
 *
 * @param density f32 [R, R, R], x fastest, on [-1, 1]^3.
 * @returns f32 [V, H, W]
 */
export function rayPeaks(
  density: Float32Array,
  resolution: number,
  { cameras, width, height }: Omit<Silhouettes, 'views'>,
): Float32Array {
  const logs = density.map((sigma) => Math.log(Math.max(sigma, leastDensity)));
  const peaks = new Float32Array(cameras.length * height * width);
  let pixel = 0;
  for (const { c2w, fovy } of cameras) {
    const tangent = Math.tan((fovy * Math.PI) / 360);
    for (let i = 0; i < height; i++) {
      for (let j = 0; j < width; j++) {
        const x = (((2 * j + 1) / width - 1) * tangent * width) / height;
        const y = (1 - (2 * i + 1) / height) * tangent;
        const norm = Math.hypot(x, y, 1);
        peaks[pixel++] = peakAlong(logs, resolution, c2w, x / norm, y / norm);
      }
    }
  }
  return peaks;
}

/** The peak on one ray: (right, up) are its unit direction's components along the camera's axes. */
function peakAlong(
  logs: Float32Array,
  resolution: number,
  c2w: ArrayLike<number>,
  right: number,
  up: number,
): number {
  const half = (resolution - 1) / 2;
  const forward = Math.sqrt(1 - right * right - up * up);
  const along = (row: number) => c2w[row]! * right + c2w[row + 1]! * up - c2w[row + 2]! * forward;
  const [ox, oy, oz] = [c2w[3]!, c2w[7]!, c2w[11]!];
  const [dx, dy, dz] = [along(0), along(4), along(8)];
  // Half a grid cell a step, through all of the cube from wherever the camera looks.
  const middle = Math.hypot(ox, oy, oz);
  const step = 0.5 / half;
  const least = Math.fround(Math.log(leastDensity));
  let peak = least;
  for (let s = Math.max(0, middle - Math.sqrt(3)); s < middle + Math.sqrt(3); s += step) {
    const x = (ox + s * dx + 1) * half;
    const y = (oy + s * dy + 1) * half;
    const z = (oz + s * dz + 1) * half;
    if (x < 0 || y < 0 || z < 0) continue;
    if (x >= resolution - 1 || y >= resolution - 1 || z >= resolution - 1) continue;
    peak = Math.max(peak, trilinear(logs, resolution, x, y, z));
  }
  return peak > least ? Math.exp(peak) : 0;
}

/** A grid's value between its points, at coordinates counted in cells. */
function trilinear(grid: Float32Array, resolution: number, x: number, y: number, z: number) {
  const corner = (Math.floor(z) * resolution + Math.floor(y)) * resolution + Math.floor(x);
  const [u, v, w] = [x % 1, y % 1, z % 1];
  const along = (at: number) => grid[at]! + u * (grid[at + 1]! - grid[at]!);
  const across = (at: number) => along(at) + v * (along(at + resolution) - along(at));
  return across(corner) + w * (across(corner + resolution ** 2) - across(corner));
}

/**
 * The level whose outline overlaps the given alpha best: the greatest intersection over union, with
 * alpha as soft membership, over all levels that differ in outline.
 *
 * @param peaks greatest density on the ray of each pixel.
 * @param alpha opacity of the same pixels.
 * @returns a density between the peaks of the pixels just inside and just outside;
 *   Infinity when alpha is 0 everywhere.
 */
export function silhouetteLevel(peaks: Float32Array, alpha: Float32Array): number {
  const order = Uint32Array.from(peaks.keys()).sort((a, b) => peaks[b]! - peaks[a]!);
  const total = alpha.reduce((sum, a) => sum + a, 0);
  let best = 0;
  let level = Number.POSITIVE_INFINITY;
  let inside = 0;
  order.forEach((pixel, rank) => {
    inside += alpha[pixel]!;
    const here = peaks[pixel]!;
    const beyond = rank + 1 < order.length ? peaks[order[rank + 1]!]! : 0;
    // rank + 1 pixels are inside; outside of them lies total - inside.
    const overlap = inside / (rank + 1 + total - inside);
    if (here > beyond && overlap > best) {
      best = overlap;
      level = (here + beyond) / 2;
    }
  });
  return level;
}

/**
 * The iso-level of a density grid by a rule.
 * @param density f32 [R, R, R]
 * @throws EmptyFieldError when nothing is denser.
 */
export function isoLevel(rule: IsoRule, density: Float32Array, resolution: number): number {
  const level = levelOf(rule, density, resolution);
  const densest = density.reduce((most, sigma) => Math.max(most, sigma), 0);
  if (!(densest > level)) throw new EmptyFieldError(level, densest);
  return level;
}

function levelOf(rule: IsoRule, density: Float32Array, resolution: number): number {
  if (typeof rule === 'number') {
    if (rule > 0) return rule;
    throw new RangeError(`An iso-level is a positive density, not ${rule}.`);
  }
  if ('opacity' in rule) return opacityLevel(rule.opacity, rule.length);
  const { silhouettes } = rule;
  return silhouetteLevel(rayPeaks(density, resolution, silhouettes), alphaOf(silhouettes));
}

/** f32 [V, H, W] */
function alphaOf({ views, width, height, cameras }: Silhouettes): Float32Array {
  const plane = width * height;
  if (views.length !== cameras.length * 4 * plane) {
    throw new RangeError(
      `Silhouettes of ${cameras.length} views of ${width} x ${height} need ${cameras.length * 4 * plane} values, not ${views.length}.`,
    );
  }
  return views.filter((_, i) => Math.floor(i / plane) % 4 === 3);
}
