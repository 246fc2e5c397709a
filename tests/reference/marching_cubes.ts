import { edges, triangleTable } from '../../src/mesh/surface/marching_cubes_table';

/** Positions [vertices, 3] and corners [triangles, 3]. */
export interface ReferenceSurface {
  positions: number[];
  indices: number[];
}

/**
 * Marching cubes in f64. Order: columns by y, then x; in a column by z; at a grid point the edges
 * in +x, +y, +z.
 *
 * @param density [R, R, R], x fastest; the border counts as empty.
 */
export function marchingCubes(
  density: ArrayLike<number>,
  resolution: number,
  iso: number,
): ReferenceSurface {
  const last = resolution - 1;
  const value = (p: readonly number[]) =>
    p.some((c) => c <= 0 || c >= last)
      ? 0
      : density[(p[2]! * resolution + p[1]!) * resolution + p[0]!]!;
  const offset = (p: readonly number[], corner: number) =>
    p.map((c, axis) => c + ((corner >> axis) & 1));
  const points: number[][] = [];
  for (let y = 0; y < resolution; y++) {
    for (let x = 0; x < resolution; x++) {
      for (let z = 0; z < resolution; z++) points.push([x, y, z]);
    }
  }

  const positions: number[] = [];
  const vertices = new Map<string, number>();
  for (const p of points) {
    for (let axis = 0; axis < 3; axis++) {
      const a = value(p);
      const b = value(offset(p, 1 << axis));
      if (a > iso === b > iso) continue;
      vertices.set(`${p} ${axis}`, vertices.size);
      const t = Math.min(Math.max((iso - a) / (b - a), 1e-3), 1 - 1e-3);
      positions.push(...p.map((c, k) => -1 + (2 * (c + (k === axis ? t : 0))) / last));
    }
  }

  const table = triangleTable();
  const indices: number[] = [];
  for (const p of points) {
    if (p.some((c) => c === last)) continue;
    let inside = 0;
    for (let corner = 0; corner < 8; corner++) {
      if (value(offset(p, corner)) > iso) inside |= 1 << corner;
    }
    for (const edge of table[inside]!) {
      indices.push(vertices.get(`${offset(p, edges[edge]![0])} ${edge >> 2}`)!);
    }
  }
  return { positions, indices };
}
