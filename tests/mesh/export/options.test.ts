import { describe, expect, test } from 'vitest';
import { exportMesh, formats } from '../../../src/mesh/export';
import type { Mesh } from '../../../src/mesh/surface/extract';
import { emptyMesh } from '../meshes';
import { texturedRing } from './ring';

const { mesh } = await texturedRing();

describe('bad input is refused by name:', () => {
  const changed = (name: keyof Mesh, at: number, value: number): Mesh => {
    const values = mesh[name].slice();
    values[at] = value;
    return { ...mesh, [name]: values };
  };
  const cases: [name: string, make: () => Mesh, message: RegExp][] = [
    ['a mesh without triangles', () => emptyMesh, /no triangle/],
    [
      'a colour that is no number',
      () => changed('colours', 7, Number.NaN),
      /colour at vertex 2 is NaN/,
    ],
    ['a colour out of range', () => changed('colours', 0, 1.5), /colour at vertex 0 is 1.5/],
    [
      'an infinite position',
      () => changed('positions', 3, Number.POSITIVE_INFINITY),
      /position at vertex 1/,
    ],
    ['a normal that is no number', () => changed('normals', 3, Number.NaN), /normal at vertex 1/],
    ['an index without a vertex', () => changed('indices', 3, 1e6), /vertex 1000000/],
    ['too few colours', () => ({ ...mesh, colours: mesh.colours.slice(3) }), /coordinates but/],
  ];
  describe.each(formats)('%s:', (format) => {
    test.each(cases)('%s', async (_, make, message) => {
      await expect(exportMesh(make(), format)).rejects.toThrow(message);
    });
    test.each([
      [{ millimetres: 0 }, /height must be a positive number/],
      [{ millimetres: Number.POSITIVE_INFINITY }, /height/],
      [{ file: '../mesh' }, /cannot name a mesh's files/],
      [{ file: 'a b' }, /cannot name/],
    ])('%j', async (options, message) => {
      await expect(exportMesh(mesh, format, options)).rejects.toThrow(message);
    });
  });
});
