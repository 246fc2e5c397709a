import { pcg4d } from '../../src/random';

/** A density that is 1 on a surface and grows inwards. */
export type Shape = (x: number, y: number, z: number) => number;

export const sphere =
  (radius: number, centre: readonly [number, number, number] = [0, 0, 0]): Shape =>
  (x, y, z) =>
    Math.max(0, 1 + 4 * (radius - Math.hypot(x - centre[0], y - centre[1], z - centre[2])));

/** Around the y axis. */
export const torus =
  (ring: number, tube: number): Shape =>
  (x, y, z) =>
    Math.max(0, 1 + 4 * (tube - Math.hypot(Math.hypot(x, z) - ring, y)));

export const union =
  (...shapes: Shape[]): Shape =>
  (x, y, z) =>
    Math.max(...shapes.map((shape) => shape(x, y, z)));

/** Whether all coordinates are at most `half` from 0: inside a cube, or a prism along the axis left out. */
export const within = (half: number, ...xyz: number[]): boolean =>
  xyz.every((p) => Math.abs(p) <= half);

/** White noise in [0, 2): about half of the grid points are inside at level 1. */
export function noiseGrid(resolution: number, seed: number): Float32Array {
  return Float32Array.from(
    { length: resolution ** 3 },
    (_, i) => pcg4d([seed, 0, 0, i])[0] / 2 ** 31,
  );
}

/** f32 [R, R, R], x fastest, on [-1, 1]^3. */
export function grid(resolution: number, shape: Shape): Float32Array {
  const at = (i: number) => -1 + (2 * i) / (resolution - 1);
  const values = new Float32Array(resolution ** 3);
  for (let i = 0; i < values.length; i++) {
    const x = i % resolution;
    const y = Math.floor(i / resolution) % resolution;
    const z = Math.floor(i / resolution ** 2);
    values[i] = shape(at(x), at(y), at(z));
  }
  return values;
}

export interface Measures {
  /** Directed sides without exactly one opposite side: 0 for a closed, oriented, edge-manifold mesh. */
  unmatched: number;
  /** Vertices whose triangles do not form one ring: 0 for a vertex-manifold mesh. */
  pinched: number;
  /** Vertices - edges + triangles. */
  euler: number;
  area: number;
  /** Signed: positive when triangles wind counter-clockwise seen from outside. */
  volume: number;
}

/** Topology and size of a mesh in which every vertex is used. */
export function measure(positions: ArrayLike<number>, indices: ArrayLike<number>): Measures {
  const sides = new Map<string, number>();
  const around = new Map<number, Map<number, number>>();
  let area = 0;
  let volume = 0;
  for (let i = 0; i < indices.length; i += 3) {
    const [a, b, c] = [indices[i]!, indices[i + 1]!, indices[i + 2]!];
    for (const [p, q, r] of [
      [a, b, c],
      [b, c, a],
      [c, a, b],
    ] as const) {
      sides.set(`${p} ${q}`, (sides.get(`${p} ${q}`) ?? 0) + 1);
      if (!around.has(p)) around.set(p, new Map());
      around.get(p)!.set(q, r);
    }
    const at = (v: number) => [positions[3 * v]!, positions[3 * v + 1]!, positions[3 * v + 2]!];
    const [p, q, r] = [at(a), at(b), at(c)];
    const u = q.map((value, k) => value - p[k]!);
    const v = r.map((value, k) => value - p[k]!);
    const n = [0, 1, 2].map(
      (k) => u[(k + 1) % 3]! * v[(k + 2) % 3]! - u[(k + 2) % 3]! * v[(k + 1) % 3]!,
    );
    area += Math.hypot(...n) / 2;
    volume += (n[0]! * p[0]! + n[1]! * p[1]! + n[2]! * p[2]!) / 6;
  }
  let unmatched = 0;
  for (const [side, count] of sides) {
    const [p, q] = side.split(' ');
    if (count !== 1 || sides.get(`${q} ${p}`) !== 1) unmatched++;
  }
  let pinched = 0;
  for (const ring of around.values()) {
    const start = ring.keys().next().value!;
    let steps = 0;
    let at: number | undefined = start;
    do {
      at = ring.get(at!);
      steps++;
    } while (at !== undefined && at !== start && steps <= ring.size);
    if (at !== start || steps !== ring.size) pinched++;
  }
  return {
    unmatched,
    pinched,
    euler: around.size - sides.size / 2 + indices.length / 3,
    area,
    volume,
  };
}
