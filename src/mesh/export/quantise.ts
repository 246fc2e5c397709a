import { MeshoptEncoder } from 'meshoptimizer/encoder';

const largest = { int8: 2 ** 7 - 1, int16: 2 ** 15 - 1, uint16: 2 ** 16 - 1 };

/** Values in [-1, 1] in 8 bits, normalised as glTF has it. */
export const toSignedBytes = (values: Float32Array) =>
  Int8Array.from(values, (value) => Math.round(largest.int8 * value));

/** Values in [0, 1] in 16 bits, normalised as glTF has it. */
export const toUnsignedShorts = (values: Float32Array) =>
  Uint16Array.from(values, (value) => Math.round(largest.uint16 * Math.min(Math.max(value, 0), 1)));

/**
 * Positions in 16 bits within the cube about their bounding box. They are not normalised as glTF would have it:
 * more programs read them so.
 * @param positions f32 [vertices, 3].
 * @returns i16 [vertices, 3]; the position is `centre + scale * places`.
 */
export function placesWithinBox(positions: Float32Array) {
  const low = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high = low.map((value) => -value);
  positions.forEach((value, i) => {
    low[i % 3] = Math.min(low[i % 3]!, value);
    high[i % 3] = Math.max(high[i % 3]!, value);
  });
  const centre = low.map((value, axis) => (value + high[axis]!) / 2) as [number, number, number];
  const half = Math.max(...low.map((value, axis) => (high[axis]! - value) / 2));
  const scale = half / largest.int16 || 1;
  const places = Int16Array.from(positions, (value, i) =>
    Math.round((value - centre[i % 3]!) / scale),
  );
  return { places, centre, scale };
}

/** The values of each vertex, whose number all arrays agree on, and the triangles. */
interface Indexed {
  readonly positions: Float32Array;
  readonly indices: Uint32Array;
}

/**
 * A mesh with its vertices in the order in which its triangles use them, and its triangles in one that a
 * compressor likes. Vertices that no triangle uses are dropped.
 */
export function reordered<M extends Indexed>(mesh: M): M {
  const indices = mesh.indices.slice();
  const [remap, count] = MeshoptEncoder.reorderMesh(indices, true, true);
  const vertices = mesh.positions.length / 3;
  const move = (values: Float32Array) => {
    const size = values.length / vertices;
    const moved = new Float32Array(size * count);
    for (let vertex = 0; vertex < vertices; vertex++) {
      const to = remap[vertex]!;
      if (to < count) moved.set(values.subarray(size * vertex, size * (vertex + 1)), size * to);
    }
    return moved;
  };
  const moved = Object.entries(mesh).map(([name, values]) => [
    name,
    values instanceof Float32Array ? move(values) : values,
  ]);
  return { ...(Object.fromEntries(moved) as M), indices };
}
