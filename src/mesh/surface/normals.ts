import type { Surface } from './marching_cubes';

/**
 * Unit normals of the vertices, pointing outwards: the mean of the triangles' normals weighted by
 * their areas. A vertex whose triangles cancel points up.
 *
 * @returns f32 [vertices, 3]
 */
export function vertexNormals({ positions, indices }: Surface): Float32Array {
  const sums = new Float64Array(positions.length);
  for (let i = 0; i < indices.length; i += 3) {
    const corners = [3 * indices[i]!, 3 * indices[i + 1]!, 3 * indices[i + 2]!] as const;
    const [a, b, c] = corners;
    for (let axis = 0; axis < 3; axis++) {
      const [j, k] = [(axis + 1) % 3, (axis + 2) % 3];
      const side = (to: number, along: number) => positions[to + along]! - positions[a + along]!;
      // Twice the area along this axis.
      const twice = side(b, j) * side(c, k) - side(b, k) * side(c, j);
      for (const corner of corners) sums[corner + axis]! += twice;
    }
  }
  const normals = new Float32Array(positions.length);
  for (let i = 0; i < normals.length; i += 3) {
    const [x, y, z] = [sums[i]!, sums[i + 1]!, sums[i + 2]!];
    const length = Math.hypot(x, y, z);
    normals.set(length > 1e-30 ? [x / length, y / length, z / length] : [0, 1, 0], i);
  }
  return normals;
}
