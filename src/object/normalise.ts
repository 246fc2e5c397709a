import { ObjectError, type ObjectMesh } from './object_mesh';

/** An object in the unit sphere, and how it came there. */
export interface NormalisedObject {
  readonly mesh: ObjectMesh;
  /** The file's coordinates are centre + radius * the mesh's. */
  readonly centre: readonly [number, number, number];
  readonly radius: number;
}

/** An object whose radius and centre are this close to the unit sphere's is left as it is. */
const tolerance = 1e-4;

/**
 * Moves and scales an object into the unit sphere.
 * @throws ObjectError for positions that are not finite, or all alike.
 */
export function normalise(mesh: ObjectMesh, name: string): NormalisedObject {
  const stray = mesh.positions.findIndex((value) => !Number.isFinite(value));
  if (stray >= 0) {
    throw new ObjectError(
      `${name} has a position that is ${mesh.positions[stray]}, at vertex ${Math.floor(stray / 3)}.`,
      'Repair the mesh and save it again.',
    );
  }
  const used = new Uint8Array(mesh.positions.length / 3);
  for (const vertex of mesh.indices) used[vertex] = 1;
  const box = [0, 1, 2].map((axis) => {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let vertex = 0; vertex < used.length; vertex++) {
      if (!used[vertex]) continue;
      low = Math.min(low, mesh.positions[3 * vertex + axis]!);
      high = Math.max(high, mesh.positions[3 * vertex + axis]!);
    }
    return (low + high) / 2;
  });
  const [x, y, z] = box as [number, number, number];
  let radius = 0;
  for (let vertex = 0; vertex < used.length; vertex++) {
    if (!used[vertex]) continue;
    const place = (axis: number) => mesh.positions[3 * vertex + axis]!;
    radius = Math.max(radius, Math.hypot(place(0) - x, place(1) - y, place(2) - z));
  }
  if (radius === 0) {
    throw new ObjectError(
      `${name} is a single point: all its triangles are at one place.`,
      'Give another object.',
    );
  }
  if (Math.hypot(x, y, z) < tolerance && Math.abs(radius - 1) < tolerance) {
    return { mesh, centre: [0, 0, 0], radius: 1 };
  }
  const positions = mesh.positions.map((value, i) => (value - box[i % 3]!) / radius);
  return { mesh: { ...mesh, positions }, centre: [x, y, z], radius };
}
