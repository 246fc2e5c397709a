import { describe, expect, test } from 'vitest';
import { nonManifoldVertices } from '../../../src/mesh/surface/manifold';

describe('vertices where a mesh is no manifold:', () => {
  const tetrahedron = [0, 1, 2, 0, 2, 3, 0, 3, 1, 1, 3, 2];
  const flaws = (indices: number[]) => [
    ...nonManifoldVertices(Uint32Array.from(indices), Math.max(...indices, 0) + 1),
  ];
  const beside = (...vertices: number[]) => tetrahedron.map((vertex) => vertices[vertex]!);

  test('none in a closed surface, nor in nothing', () => {
    expect(flaws(tetrahedron)).toEqual([]);
    expect(flaws([])).toEqual([]);
    expect(flaws([...tetrahedron, ...beside(4, 5, 6, 7)])).toEqual([]);
  });
  test('a missing triangle', () => expect(flaws(tetrahedron.slice(3))).toEqual([0, 1, 2]));
  test('a triangle the wrong way round', () => {
    expect(flaws([1, 0, 2, ...tetrahedron.slice(3)])).toEqual([0, 1, 2, 3].slice(0, 3));
  });
  test('two tetrahedra that share a corner', () => {
    expect(flaws([...tetrahedron, ...beside(3, 4, 5, 6)])).toEqual([3]);
  });
  test('two tetrahedra that share an edge', () => {
    expect(flaws([...tetrahedron, ...beside(2, 3, 4, 5)])).toEqual([2, 3]);
  });
});
