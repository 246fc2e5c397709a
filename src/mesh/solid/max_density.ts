import type { ColourSource } from '../surface/colours';

/** A pinhole camera: camera to world, 4x4 row-major with columns right, up, back, position; fovy in degrees. */
export interface SilhouetteCamera {
  readonly c2w: ArrayLike<number>;
  readonly fovy: number;
}

/** Views of width x height pixels, one a camera. */
export interface Pixels {
  readonly cameras: readonly SilhouetteCamera[];
  readonly width: number;
  readonly height: number;
}

/** Densities below this count as none. */
const leastDensity = 1e-6;

/** Steps along a ray, in cells of the grid: to find where it is dense, and to read the field there. */
const gridStep = 0.5;
const fieldStep = 0.25;

/**
 * How far from the level, in e-folds, a peak of the grid may be and the field's still lie on the level's other
 * side. A hard surface's density changes by up to ten e-folds over a cell.
 */
const doubt = 8;

/** Points of the field that are read at a time: bounds the memory for them. */
const batchPoints = 2 ** 18;

/**
 * The greatest density on the ray of each pixel: the outline of the surface at level σ is the set of
 * pixels whose peak exceeds σ. Between grid points the logarithm is interpolated, as density grows like
 * e^z there.
 *
 * @param density f32 [R, R, R], x fastest, on [-1, 1]^3.
 * @returns f32 [V, H, W]
 */
export function rayPeaks(density: Float32Array, resolution: number, pixels: Pixels): Float32Array {
  const logs = logarithms(density);
  const least = Math.fround(Math.log(leastDensity));
  return Float32Array.from(raysOf(pixels), (ray) => {
    let peak = least;
    walk(ray, resolution, gridStep, (x, y, z) => {
      peak = Math.max(peak, trilinear(logs, resolution, x, y, z));
    });
    return peak > least ? Math.exp(peak) : 0;
  });
}

/**
 * The same by the field itself where the grid leaves in doubt whether a pixel is inside: interpolated
 * peaks are too low where surfaces are hard and parts thin, and a level matched to them draws those too thick.
 *
 * @param source the field that the grid was sampled from.
 * @param peaks what `rayPeaks` found.
 * @param level about the level that peaks will be compared with.
 */
export async function fieldPeaks(
  source: ColourSource,
  density: Float32Array,
  resolution: number,
  pixels: Pixels,
  peaks: Float32Array,
  level: number,
): Promise<Float32Array> {
  const logs = logarithms(density);
  const half = (resolution - 1) / 2;
  const threshold = Math.log(level);
  const found = peaks.slice();
  let points: number[] = [];
  let owners: number[] = [];
  const read = async () => {
    const values = await source.values(Float32Array.from(points));
    owners.forEach((pixel, i) => {
      found[pixel] = Math.max(found[pixel]!, values[4 * i + 3]!);
    });
    points = [];
    owners = [];
  };
  let pixel = -1;
  for (const ray of raysOf(pixels)) {
    pixel++;
    if (!(Math.abs(Math.log(peaks[pixel]!) - threshold) < doubt)) continue;
    found[pixel] = 0;
    walk(ray, resolution, fieldStep, (x, y, z) => {
      if (trilinear(logs, resolution, x, y, z) < threshold - doubt) return;
      points.push(x / half - 1, y / half - 1, z / half - 1);
      owners.push(pixel);
    });
    if (owners.length > batchPoints) await read();
  }
  await read();
  return found;
}

const logarithms = (density: Float32Array): Float32Array =>
  density.map((sigma) => Math.log(Math.max(sigma, leastDensity)));

/** From a camera along a unit direction. */
interface Ray {
  readonly origin: readonly [number, number, number];
  readonly direction: readonly [number, number, number];
}

/** The rays through the centres of all pixels. */
function* raysOf({ cameras, width, height }: Pixels): Generator<Ray> {
  for (const { c2w, fovy } of cameras) {
    const tangent = Math.tan((fovy * Math.PI) / 360);
    for (let i = 0; i < height; i++) {
      for (let j = 0; j < width; j++) {
        const right = (((2 * j + 1) / width - 1) * tangent * width) / height;
        const up = (1 - (2 * i + 1) / height) * tangent;
        const norm = Math.hypot(right, up, 1);
        const along = (row: number) =>
          (c2w[row]! * right + c2w[row + 1]! * up - c2w[row + 2]!) / norm;
        yield {
          origin: [c2w[3]!, c2w[7]!, c2w[11]!],
          direction: [along(0), along(4), along(8)],
        };
      }
    }
  }
}

/**
 * Visits the points of a ray within the cube, wherever its camera looks.
 * @param step in cells.
 * @param visit takes a point's coordinates, counted in cells.
 */
function walk(
  { origin: [ox, oy, oz], direction: [dx, dy, dz] }: Ray,
  resolution: number,
  step: number,
  visit: (x: number, y: number, z: number) => void,
): void {
  const half = (resolution - 1) / 2;
  const last = resolution - 1;
  const middle = Math.hypot(ox, oy, oz);
  const end = middle + Math.sqrt(3);
  for (let s = Math.max(0, middle - Math.sqrt(3)); s < end; s += step / half) {
    const x = (ox + s * dx + 1) * half;
    const y = (oy + s * dy + 1) * half;
    const z = (oz + s * dz + 1) * half;
    if (x < 0 || y < 0 || z < 0 || x >= last || y >= last || z >= last) continue;
    visit(x, y, z);
  }
}

/** A grid's value between its points, at coordinates counted in cells. */
function trilinear(grid: Float32Array, resolution: number, x: number, y: number, z: number) {
  const corner = (Math.floor(z) * resolution + Math.floor(y)) * resolution + Math.floor(x);
  const [u, v, w] = [x % 1, y % 1, z % 1];
  const along = (at: number) => grid[at]! + u * (grid[at + 1]! - grid[at]!);
  const across = (at: number) => along(at) + v * (along(at + resolution) - along(at));
  return across(corner) + w * (across(corner + resolution ** 2) - across(corner));
}
