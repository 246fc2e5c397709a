import type { Surface } from './marching_cubes';

/**
 * Keeps the connected parts of a closed surface whose area or volume is at least `keep` times the largest part's.
 * The others, floaters, go. So do cavities, closed surfaces that wind inwards: no view shows them, and a printer
 * fills the object without them.
 *
 * @param keep 0 keeps every part that is no cavity.
 * @returns a surface in the same order without the rest.
 */
export function keepLargeComponents(surface: Surface, keep: number): Surface {
  const { positions, indices } = surface;
  const root = components(positions.length / 3, indices);
  const area = new Map<number, number>();
  const volume = new Map<number, number>();
  for (let i = 0; i < indices.length; i += 3) {
    const part = root[indices[i]!]!;
    const [a, v] = areaAndVolume(positions, indices, i);
    area.set(part, (area.get(part) ?? 0) + a);
    volume.set(part, (volume.get(part) ?? 0) + v);
  }
  const outer = [...volume.keys()].filter((part) => volume.get(part)! > 0);
  const leastArea = keep * outer.reduce((most, part) => Math.max(most, area.get(part)!), 0);
  const leastVolume = keep * outer.reduce((most, part) => Math.max(most, volume.get(part)!), 0);
  const kept = new Set(
    outer.filter((part) => area.get(part)! >= leastArea || volume.get(part)! >= leastVolume),
  );
  return select(surface, (vertex) => kept.has(root[vertex]!));
}

/** The lowest vertex of each vertex's connected part: union-find with path halving. */
function components(vertices: number, indices: Uint32Array): Uint32Array {
  const parent = Uint32Array.from({ length: vertices }, (_, i) => i);
  const find = (vertex: number) => {
    let at = vertex;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]!]!;
      at = parent[at]!;
    }
    return at;
  };
  const join = (a: number, b: number) => {
    const [p, q] = [find(a), find(b)];
    parent[Math.max(p, q)] = Math.min(p, q);
  };
  for (let i = 0; i < indices.length; i += 3) {
    join(indices[i]!, indices[i + 1]!);
    join(indices[i]!, indices[i + 2]!);
  }
  return parent.map((_, vertex) => find(vertex));
}

/** Of the triangle at `indices[i]`; the volume is that of its tetrahedron with the origin, signed. */
function areaAndVolume(positions: Float32Array, indices: Uint32Array, i: number) {
  const [a, b, c] = [3 * indices[i]!, 3 * indices[i + 1]!, 3 * indices[i + 2]!];
  const at = (vertex: number, axis: number) => positions[vertex + axis]!;
  const [ux, uy, uz] = [at(b, 0) - at(a, 0), at(b, 1) - at(a, 1), at(b, 2) - at(a, 2)];
  const [vx, vy, vz] = [at(c, 0) - at(a, 0), at(c, 1) - at(a, 1), at(c, 2) - at(a, 2)];
  const [nx, ny, nz] = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
  const area = Math.hypot(nx, ny, nz) / 2;
  return [area, (nx * at(a, 0) + ny * at(a, 1) + nz * at(a, 2)) / 6] as const;
}

function select({ positions, indices }: Surface, keeps: (vertex: number) => boolean): Surface {
  const renumbered = new Int32Array(positions.length / 3).fill(-1);
  let count = 0;
  for (let vertex = 0; vertex < renumbered.length; vertex++) {
    if (keeps(vertex)) renumbered[vertex] = count++;
  }
  return {
    positions: positions.filter((_, i) => renumbered[Math.floor(i / 3)]! >= 0),
    indices: indices
      .filter((vertex) => renumbered[vertex]! >= 0)
      .map((vertex) => renumbered[vertex]!),
  };
}
