import { expect, test } from 'vitest';
import {
  edges,
  packedTable,
  triangleTable,
  wordsPerCase,
} from '../../../src/mesh/surface/marching_cubes_table';

const table = triangleTable();
const isInside = (inside: number, corner: number) => ((inside >> corner) & 1) === 1;
const isCrossed = (inside: number, edge: number) =>
  isInside(inside, edges[edge]![0]) !== isInside(inside, edges[edge]![1]);

/** Directed sides of a case's triangles that are not shared by two of them. */
function border(triangles: readonly number[]): Set<string> {
  const open = new Set<string>();
  for (let i = 0; i < triangles.length; i += 3) {
    for (let k = 0; k < 3; k++) {
      const a = triangles[i + k]!;
      const b = triangles[i + ((k + 1) % 3)]!;
      if (!open.delete(`${b} ${a}`)) {
        expect(open.has(`${a} ${b}`)).toBe(false);
        open.add(`${a} ${b}`);
      }
    }
  }
  return open;
}

/** Where the edge lies: its middle, in half cells. */
function middle(edge: number): number[] {
  const [a, b] = edges[edge]!;
  return [0, 1, 2].map((axis) => ((a >> axis) & 1) + ((b >> axis) & 1));
}

test('the twelve edges join neighbouring corners, the lower first', () => {
  expect(new Set(edges.map(String)).size).toBe(12);
  edges.forEach(([a, b], e) => {
    expect(b - a).toBe(1 << (e >> 2));
  });
});

test('a case uses exactly its crossed edges, at most five triangles', () => {
  table.forEach((triangles, inside) => {
    const crossed = edges.map((_, e) => e).filter((e) => isCrossed(inside, e));
    expect([...new Set(triangles)].sort((a, b) => a - b)).toEqual(crossed);
    expect(triangles.length / 3).toBeLessThanOrEqual(5);
  });
});

test('opposite cases cross the same edges; empty and full have no triangles', () => {
  for (let inside = 0; inside < 256; inside++) {
    expect(new Set(table[inside]!)).toEqual(new Set(table[255 - inside]!));
  }
  expect(table[0]).toEqual([]);
  expect(table[255]).toEqual([]);
});

test('patches end in the cell faces only, and no inner side lies in a face', () => {
  const inOneFace = (a: number, b: number) =>
    [0, 1, 2].some((axis) => {
      const [p, q] = [middle(a)[axis], middle(b)[axis]];
      return p === q && p !== 1;
    });
  for (const triangles of table) {
    const open = border(triangles);
    for (let i = 0; i < triangles.length; i++) {
      const a = triangles[i]!;
      const b = triangles[i - (i % 3) + ((i + 1) % 3)]!;
      expect(inOneFace(a, b)).toBe(open.has(`${a} ${b}`));
    }
  }
});

test('two cells cut their common face into the same segments, in opposite directions', () => {
  for (let axis = 0; axis < 3; axis++) {
    /** Segments in the face at coordinate `side` of the axis, as positions within the face. */
    const segments = (inside: number, side: number) => {
      const found: string[] = [];
      for (const segment of border(table[inside]!)) {
        const [p, q] = segment.split(' ').map((edge) => middle(Number(edge)));
        if (p![axis] !== 2 * side || q![axis] !== 2 * side) continue;
        const ends = [p!, q!].map((m) => m.filter((_, k) => k !== axis).join());
        found.push((side === 0 ? ends : ends.reverse()).join(' to '));
      }
      return found.sort().join('; ');
    };
    const faceOf = (inside: number, side: number) =>
      [0, 1, 2, 3, 4, 5, 6, 7]
        .filter((corner) => ((corner >> axis) & 1) === side)
        .map((corner) => isInside(inside, corner))
        .join();
    const seen = new Map<string, string>();
    for (let inside = 0; inside < 256; inside++) {
      for (const side of [0, 1]) {
        const face = faceOf(inside, side);
        const cut = segments(inside, side);
        if (seen.has(face)) expect(cut).toBe(seen.get(face));
        else seen.set(face, cut);
      }
    }
    expect(seen.size).toBe(16);
  }
});

test('the packed table holds the same triangles', () => {
  const words = packedTable();
  table.forEach((triangles, inside) => {
    const row = words.subarray(inside * wordsPerCase, (inside + 1) * wordsPerCase);
    expect([...row.subarray(1, 1 + 3 * row[0]!)]).toEqual(triangles);
  });
});
