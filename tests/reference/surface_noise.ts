import { normal, streams } from '../../src/random';
import type { Camera } from '../../src/render/camera';

export interface ReferenceSurface {
  readonly cameras: readonly Camera[];
  /** [V, H, W]; 0 where nothing is seen. */
  readonly depth: ArrayLike<number>;
  readonly side: number;
  readonly channels: number;
  readonly seed: number;
  /** How many sheets of noise have gone by. */
  readonly sheets: number;
}

const samples = 6;

/** Noise that lies on the object, [V, C, H, W] (docs/method.md, "Noise on the surface"). */
export function surfaceNoise(o: ReferenceSurface): number[] {
  const { side, channels } = o;
  const [around, high] = [12 * side, 4 * side];
  const plane = side * side;
  const first = Math.floor(o.sheets);
  const angle = (Math.PI / 2) * (o.sheets - first);
  const texelNoise = (texel: number, channel: number) => {
    const at = (sheet: number) =>
      normal(o.seed, streams.surfaceNoise, sheet, texel * channels + channel);
    return Math.cos(angle) * at(first) + Math.sin(angle) * at(first + 1);
  };
  const texelOf = ([x, y, z]: readonly number[]) => {
    const column = Math.floor((Math.atan2(x!, z!) / (2 * Math.PI) + 0.5) * around);
    const row = Math.floor(0.5 * (y! + 1) * high);
    return Math.min(row, high - 1) * around + Math.min(column, around - 1);
  };
  const out = new Array<number>(o.cameras.length * channels * plane);
  for (const [view, { c2w, fovy }] of o.cameras.entries()) {
    const column = (i: number) => [c2w[i]!, c2w[4 + i]!, c2w[8 + i]!];
    const [right, up, back, position] = [column(0), column(1), column(2), column(3)];
    const tan = Math.tan((fovy * Math.PI) / 360);
    for (let pixel = 0; pixel < plane; pixel++) {
      const depth = o.depth[view * plane + pixel]! || Math.hypot(...position);
      const counts = new Map<number, number>();
      for (let s = 0; s < samples ** 2; s++) {
        const px = (pixel % side) + ((s % samples) + 0.5) / samples;
        const py = Math.floor(pixel / side) + (Math.floor(s / samples) + 0.5) / samples;
        const [x, y] = [((2 * px - side) / side) * tan, ((2 * py - side) / side) * tan];
        const ray = [0, 1, 2].map((i) => x * right[i]! - y * up[i]! - back[i]!);
        const length = Math.hypot(...ray);
        const point = ray.map((value, i) => position[i]! + (depth * value) / length);
        const texel = texelOf(point.map((value) => value / Math.hypot(...point)));
        counts.set(texel, (counts.get(texel) ?? 0) + 1);
      }
      const norm = Math.sqrt([...counts.values()].reduce((sum, count) => sum + count * count, 0));
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        for (const [texel, count] of counts) sum += count * texelNoise(texel, channel);
        out[(view * channels + channel) * plane + pixel] = sum / norm;
      }
    }
  }
  return out;
}
