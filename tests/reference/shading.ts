import type { Camera } from '../../src/render/camera';
import type { ShadingMode } from '../../src/render/shading_mode';
import { along, cameraRay, dot, type Vec3 } from './camera';

/** Views to be shaded in f64; layouts as in shaders/render/shading.wgsl. */
export interface ShadingInput {
  readonly cameras: readonly Camera[];
  readonly width: number;
  readonly height: number;
  /** [V, 4, H, W] and [V, H, W]. */
  readonly views: ArrayLike<number>;
  readonly distances: ArrayLike<number>;
  /** Pixels from tap to tap. */
  readonly stride: number;
}

interface Place {
  readonly view: number;
  readonly x: number;
  readonly y: number;
}

const leastOpacity = 1 / 512;
const taps = [-2, -1, 0, 1, 2];
const jump = 0.1;
const ridge = 0.02;
const light: Vec3 = [-0.4364, 0.6547, 0.6172];
const ambient = 0.45;

const valueAt = ({ width, height, views }: ShadingInput, { view, x, y }: Place, c: number) =>
  views[((4 * view + c) * height + y) * width + x]!;
const distanceAt = ({ width, height, distances }: ShadingInput, { view, x, y }: Place) =>
  distances[(view * height + y) * width + x]!;

/**
 * Slopes b, c of the plane a + b i + c j that fits the distances at the taps (i, j) best, with a penalty on b and c:
 * the normal equations, solved for all three.
 */
function slopes(input: ShadingInput, { view, x, y }: Place): [right: number, down: number] {
  const { width, height, stride } = input;
  const centre = distanceAt(input, { view, x, y });
  const normal = [0, 1, 2].map(() => [0, 0, 0, 0]);
  for (const j of taps) {
    for (const i of taps) {
      const tap: Place = { view, x: x + stride * i, y: y + stride * j };
      if (tap.x < 0 || tap.x >= width || tap.y < 0 || tap.y >= height) continue;
      const away = distanceAt(input, tap) - centre;
      const weight = valueAt(input, tap, 3) / (1 + (away / jump) ** 2) ** 2;
      const row = [1, i, j, away];
      for (let r = 0; r < 3; r++) {
        for (let c = 0; c < 4; c++) normal[r]![c]! += weight * row[r]! * row[c]!;
      }
    }
  }
  const weights = normal[0]![0]!;
  normal[1]![1]! += ridge * weights;
  normal[2]![2]! += ridge * weights;
  const [, right, down] = solve(normal);
  return [right!, down!];
}

/** Gaussian elimination of a positive definite system [n][n + 1]. */
function solve(rows: number[][]): number[] {
  const n = rows.length;
  for (let k = 0; k < n; k++) {
    for (let r = 0; r < n; r++) {
      if (r === k) continue;
      const factor = rows[r]![k]! / rows[k]![k]!;
      rows[r] = rows[r]!.map((value, c) => value - factor * rows[k]![c]!);
    }
  }
  return rows.map((row, k) => row[n]! / row[k]!);
}

function normalAt(input: ShadingInput, place: Place): Vec3 {
  const { width, height, cameras, stride } = input;
  const camera = cameras[place.view]!;
  const distance = distanceAt(input, place);
  const [right, down] = slopes(input, place);
  const point = (x: number, y: number, t: number) =>
    along(cameraRay(camera, place.x + 0.5 + x, place.y + 0.5 + y, width, height), t);
  const here = point(0, 0, distance);
  const from = (p: Vec3) => p.map((value, i) => value - here[i]!) as unknown as Vec3;
  const [a, b] = [
    from(point(0, stride, distance + down)),
    from(point(stride, 0, distance + right)),
  ];
  const crossed = [0, 1, 2].map((i) => {
    const [j, k] = [(i + 1) % 3, (i + 2) % 3];
    return a[j]! * b[k]! - a[k]! * b[j]!;
  });
  const length = Math.hypot(...crossed);
  return crossed.map((value) => value / length) as unknown as Vec3;
}

/** What one pixel shows: premultiplied RGBA. */
function pixel(input: ShadingInput, mode: ShadingMode, place: Place): number[] {
  const rgba = [0, 1, 2, 3].map((c) => valueAt(input, place, c));
  const opacity = rgba[3]!;
  if (mode === 'unlit') return rgba;
  if (mode === 'opacity') return [opacity, opacity, opacity, 1];
  if (opacity < leastOpacity) return [0, 0, 0, 0];
  const { c2w } = input.cameras[place.view]!;
  const column = (c: number): Vec3 => [c2w[c]!, c2w[4 + c]!, c2w[8 + c]!];
  if (mode === 'depth') {
    const far = Math.hypot(...column(3)) + 1;
    const nearness = Math.min(1, Math.max(0, (far - distanceAt(input, place)) / 2));
    return [nearness, nearness, nearness, 1].map((v) => opacity * v);
  }
  const normal = normalAt(input, place);
  if (mode === 'normals') return [...normal.map((n) => opacity * (0.5 * n + 0.5)), opacity];
  const toLight = [0, 1, 2].map((i) =>
    [0, 1, 2].reduce((sum, c) => sum + light[c]! * column(c)[i]!, 0),
  ) as unknown as Vec3;
  const shade = ambient + (1 - ambient) * Math.max(0, dot(normal, toLight));
  return [...rgba.slice(0, 3).map((c) => shade * c), opacity];
}

/** The shaded views, [V, 4, H, W]. */
export function shade(input: ShadingInput, mode: ShadingMode): Float64Array {
  const { width, height, cameras } = input;
  const shaded = new Float64Array(4 * width * height * cameras.length);
  for (let i = 0; i < width * height * cameras.length; i++) {
    const [x, row] = [i % width, Math.floor(i / width)];
    const [y, view] = [row % height, Math.floor(row / height)];
    pixel(input, mode, { view, x, y }).forEach((value, c) => {
      shaded[((4 * view + c) * height + y) * width + x] = value;
    });
  }
  return shaded;
}
