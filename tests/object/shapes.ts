import type { ObjectMesh, Paint } from '../../src/object/object_mesh';

type Point = readonly [number, number, number];

/** Triangles of one linear colour, corner by corner. */
export function meshOf(
  triangles: readonly (readonly [Point, Point, Point])[],
  colour: Point = [1, 1, 1],
  uvs: readonly (readonly [number, number])[] = [],
  paint: Paint = { cutoff: 0 },
): ObjectMesh {
  const corners = triangles.flat();
  return {
    positions: Float32Array.from(corners.flat()),
    colours: Float32Array.from(corners.flatMap(() => colour)),
    uvs: Float32Array.from(uvs.length > 0 ? uvs.flat() : corners.flatMap(() => [0, 0])),
    indices: Uint32Array.from(corners.keys()),
    paintOf: new Uint16Array(triangles.length),
    paints: [paint],
  };
}

/** A square of side 2 half around the origin, in the plane z, facing +z. */
export function square(half: number, z = 0): [Point, Point, Point][] {
  const [a, b, c, d]: Point[] = [
    [-half, -half, z],
    [half, -half, z],
    [half, half, z],
    [-half, half, z],
  ] as Point[];
  return [
    [a!, b!, c!],
    [a!, c!, d!],
  ];
}

/** A box with the given half edges, each side in its own colour. */
export function colouredBox(x: number, y: number, z: number): ObjectMesh {
  const sides = [0, 1, 2].flatMap((axis) => [-1, 1].map((sign) => ({ axis, sign })));
  const half = [x, y, z];
  const parts = sides.map(({ axis, sign }, i) => {
    const turned = square(1).map((triangle) =>
      triangle.map((p) => {
        const q = [0, 0, 0];
        q[axis] = sign * half[axis]!;
        q[(axis + 1) % 3] = p[0] * half[(axis + 1) % 3]!;
        q[(axis + 2) % 3] = p[1] * half[(axis + 2) % 3]!;
        return q as unknown as Point;
      }),
    ) as unknown as [Point, Point, Point][];
    const colour: Point = [i & 1 ? 0.9 : 0.1, i & 2 ? 0.8 : 0.2, i & 4 ? 0.7 : 0.1];
    return meshOf(turned, colour);
  });
  const join = (key: 'positions' | 'colours' | 'uvs') =>
    Float32Array.from(parts.flatMap((part) => [...part[key]]));
  const positions = join('positions');
  return {
    positions,
    colours: join('colours'),
    uvs: join('uvs'),
    indices: Uint32Array.from({ length: positions.length / 3 }, (_, i) => i),
    paintOf: new Uint16Array(positions.length / 9),
    paints: [{ cutoff: 0 }],
  };
}
