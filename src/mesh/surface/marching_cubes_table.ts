/**
 * The 256 cases of marching cubes (Lorensen and Cline, SIGGRAPH 1987), generated from one rule
 * instead of stated, because closedness then has a reason:
 *
 * - On each face of a cell the crossed edges are joined by segments that depend on that face's four
 *   corners alone, so two cells agree on their common face. Where the face is ambiguous (inside
 *   corners on one diagonal) the inside corners are joined: thin parts hold together.
 * - A crossed edge lies in two faces of the cell, so the segments form closed loops: the borders of
 *   the surface's patches in this cell.
 * - A loop is triangulated without a diagonal between two edges of one face: such a diagonal could
 *   meet its twin from the neighbouring cell, and four triangles would share an edge.
 *
 * Hence every edge of the surface belongs to exactly two triangles, oppositely oriented.
 *
 * Corner k of a cell is at offset (k & 1, k >> 1 & 1, k >> 2 & 1); bit k of a case says that corner
 * k is inside. Edge e runs along axis e >> 2; see `edges`.
 */

/** Two corners of each of the 12 edges, the lower first: it owns the edge. */
export const edges: readonly (readonly [number, number])[] = Array.from({ length: 12 }, (_, e) => {
  const axis = e >> 2;
  const lower = ((e & 1) << ((axis + 1) % 3)) | (((e >> 1) & 1) << ((axis + 2) % 3));
  return [lower, lower | (1 << axis)] as const;
});

/** Corners of the six faces, counter-clockwise seen from outside the cell. */
const faces: readonly (readonly number[])[] = [0, 1, 2].flatMap((axis) => {
  const u = 1 << ((axis + 1) % 3);
  const v = 1 << ((axis + 2) % 3);
  const high = [0, u, u | v, v].map((corner) => corner | (1 << axis));
  return [[0, v, u | v, u], high];
});

const edgeBetween = (a: number, b: number) =>
  edges.findIndex(([low, high]) => low === Math.min(a, b) && high === Math.max(a, b));

/** Bit f is set when the edge lies in face f. */
const facesOfEdge = edges.map(([a, b]) =>
  faces.reduce((mask, face, f) => mask | (face.includes(a) && face.includes(b) ? 1 << f : 0), 0),
);

/** Triangles of each case as triples of edges, wound counter-clockwise seen from outside. */
export function triangleTable(): number[][] {
  return Array.from({ length: 256 }, (_, inside) => loops(inside).flatMap(triangulate));
}

/** Words per case in `packedTable`. */
export const wordsPerCase = 16;

/** The table for the GPU, u32 [256, 16]: the number of triangles, then three edges of each. */
export function packedTable(): Uint32Array {
  const words = new Uint32Array(256 * wordsPerCase);
  triangleTable().forEach((triangles, inside) => {
    words.set([triangles.length / 3, ...triangles], inside * wordsPerCase);
  });
  return words;
}

/** The closed loops of crossed edges in which the surface meets the cell's faces. */
function loops(inside: number): number[][] {
  const next = new Map<number, number>();
  const isInside = (corner: number | undefined) => ((inside >> corner!) & 1) === 1;
  for (const face of faces) {
    const at = (i: number) => face[i % 4];
    for (let i = 0; i < 4; i++) {
      if (!isInside(at(i)) || isInside(at(i + 1))) continue;
      let j = i + 1;
      while (!isInside(at(j + 1))) j++;
      next.set(edgeBetween(at(j)!, at(j + 1)!), edgeBetween(at(i)!, at(i + 1)!));
    }
  }
  const found: number[][] = [];
  while (next.size > 0) {
    const loop: number[] = [];
    let edge = next.keys().next().value!;
    while (next.has(edge)) {
      const following = next.get(edge)!;
      loop.push(edge);
      next.delete(edge);
      edge = following;
    }
    found.push(loop);
  }
  return found;
}

/** Triangles of a loop, none of whose diagonals lies in a face of the cell. */
function triangulate(loop: readonly number[]): number[] {
  const triangles = split(loop);
  if (!triangles) throw new Error(`Marching cubes: loop ${loop} has no triangulation.`);
  return triangles;
}

function split(loop: readonly number[]): number[] | undefined {
  if (loop.length < 3) return [];
  const first = loop[0]!;
  const last = loop.at(-1)!;
  for (let i = 1; i < loop.length - 1; i++) {
    const apex = loop[i]!;
    const diagonals = [
      ...(i > 1 ? [[first, apex]] : []),
      ...(i < loop.length - 2 ? [[apex, last]] : []),
    ];
    if (diagonals.some(([a, b]) => (facesOfEdge[a!]! & facesOfEdge[b!]!) !== 0)) continue;
    const before = split(loop.slice(0, i + 1));
    const after = split(loop.slice(i));
    if (before && after) return [first, apex, last, ...before, ...after];
  }
  return undefined;
}
