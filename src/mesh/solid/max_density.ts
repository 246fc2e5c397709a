import type { FieldValues } from './field_sampler';

/** A pinhole camera: camera to world, 4x4 row-major with columns right, up, back, position; fovy in degrees. */
export interface SilhouetteCamera {
  readonly c2w: ArrayLike<number>;
  readonly fovy: number;
}

/** The pixels of one view of each camera, width x height. */
export interface ViewPixels {
  readonly cameras: readonly SilhouetteCamera[];
  readonly width: number;
  readonly height: number;
}

/** Densities below this count as none. */
const leastDensity = 1e-6;

/** Distance between the points of a ray at which the grid is interpolated, in cells. */
const gridStep = 0.5;
/** Distance between the points of a ray at which the field itself is read, in cells. */
const fieldStep = 0.25;

/**
 * Natural logarithm of the factor by which the grid's maximum along a ray may differ from the level while the
 * field's own still lies on the level's other side. Across a cell at a hard surface density changes by up to e^10.
 */
const doubt = 8;

/** Points of the field that are read at a time: bounds the memory for them. */
const batchPoints = 2 ** 18;

/**
 * The maximum of a density grid along the ray of each pixel: the outline of the surface at level σ is the set of
 * pixels whose maximum exceeds σ. Between grid points the logarithm is interpolated, since density changes by
 * factors there rather than by amounts.
 *
 * @param density f32 [R, R, R], x fastest, on [-1, 1]^3.
 * @returns f32 [V, H, W]
 */
export function gridMaxDensity(
  density: Float32Array,
  resolution: number,
  pixels: ViewPixels,
): Float32Array {
  const logs = logarithms(density);
  const least = Math.fround(Math.log(leastDensity));
  return Float32Array.from(raysOf(pixels), (ray) => {
    let greatest = least;
    walk(ray, resolution, gridStep, (x, y, z) => {
      greatest = Math.max(greatest, trilinear(logs, resolution, x, y, z));
    });
    return greatest > least ? Math.exp(greatest) : 0;
  });
}

/**
 * The same, read from the field itself where the grid leaves open whether a pixel is inside. Where surfaces are
 * hard and parts thin the grid's maxima are too low, and a level matched to them makes those parts too thick.
 *
 * @param source the field that the grid was sampled from.
 * @param onGrid f32 [V, H, W]: what `gridMaxDensity` found.
 * @param level about the level that the result will be compared with.
 * @returns f32 [V, H, W]
 */
export async function fieldMaxDensity(
  source: FieldValues,
  density: Float32Array,
  resolution: number,
  pixels: ViewPixels,
  onGrid: Float32Array,
  level: number,
): Promise<Float32Array> {
  const logs = logarithms(density);
  const half = (resolution - 1) / 2;
  const threshold = Math.log(level);
  const found = onGrid.slice();
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
    if (!(Math.abs(Math.log(onGrid[pixel]!) - threshold) < doubt)) continue;
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
function* raysOf({ cameras, width, height }: ViewPixels): Generator<Ray> {
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
