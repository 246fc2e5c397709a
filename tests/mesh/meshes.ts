import type { FieldValues } from '../../src/mesh/solid/field_sampler';
import type { Mesh } from '../../src/mesh/surface/extract';
import type { Surface } from '../../src/mesh/surface/marching_cubes';
import { vertexNormals } from '../../src/mesh/surface/normals';
import { marchingCubes } from '../reference/marching_cubes';
import { grid, type Shape } from '../reference/marching_cubes_shapes';

type Colour = (x: number, y: number, z: number) => readonly [number, number, number];

/** Smooth, different on every side. */
export const gradient: Colour = (x, y, z) => [0.5 + 0.4 * x, 0.5 + 0.4 * y, 0.5 + 0.4 * z];

/** The surface of a shape. */
export function surfaceOf(shape: Shape, resolution = 33): Surface {
  const { positions, indices } = marchingCubes(grid(resolution, shape), resolution, 1);
  return { positions: Float32Array.from(positions), indices: Uint32Array.from(indices) };
}

/** A mesh of a shape, coloured at its vertices. */
export function meshOf(shape: Shape, resolution: number, colour: Colour = gradient): Mesh {
  const { positions, indices } = surfaceOf(shape, resolution);
  const colours = new Float32Array(positions.length);
  for (let i = 0; i < positions.length; i += 3) {
    colours.set(colour(positions[i]!, positions[i + 1]!, positions[i + 2]!), i);
  }
  return { positions, indices, normals: vertexNormals({ positions, indices }), colours };
}

/** A dense field of a colour, as far as baking sees it. */
export const paint = (colour: Colour): FieldValues => ({
  values: async (points) => {
    const values = new Float32Array((4 * points.length) / 3);
    for (let i = 0; i < points.length / 3; i++) {
      values.set([...colour(points[3 * i]!, points[3 * i + 1]!, points[3 * i + 2]!), 100], 4 * i);
    }
    return values;
  },
});

export const emptyMesh: Mesh = {
  positions: new Float32Array(0),
  normals: new Float32Array(0),
  colours: new Float32Array(0),
  indices: new Uint32Array(0),
};

/** Directed sides of a mesh whose opposite is missing, with vertices at equal places taken as one. */
export function openSides(positions: ArrayLike<number>, indices: ArrayLike<number>): number {
  const place = (i: number) => [0, 1, 2].map((axis) => positions[3 * indices[i]! + axis]).join(' ');
  const balance = new Map<string, number>();
  for (let i = 0; i < indices.length; i++) {
    const [from, to] = [place(i), place(i % 3 === 2 ? i - 2 : i + 1)];
    const [side, sign] = from < to ? [`${from},${to}`, 1] : [`${to},${from}`, -1];
    balance.set(side, (balance.get(side) ?? 0) + sign);
  }
  return [...balance.values()].reduce((sum, count) => sum + Math.abs(count), 0);
}
