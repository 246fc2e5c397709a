import { ObjectError, type ObjectMesh } from './object_mesh';

/** An object in the unit sphere, and how it came there. */
export interface NormalisedObject {
  readonly mesh: ObjectMesh;
  /** The file's coordinates, y up, are centre + radius * the mesh's. */
  readonly centre: readonly [number, number, number];
  readonly radius: number;
}

/** An object whose radius and centre are this close to the unit sphere's is left as it is. */
const tolerance = 1e-4;

/** @throws ObjectError for positions or colours that are not finite. */
function checkFinite({ positions, colours, indices }: ObjectMesh, name: string): void {
  for (let corner = 0; corner < indices.length; corner++) {
    for (let axis = 0; axis < 3; axis++) {
      const at = 3 * indices[corner]! + axis;
      const isPlace = !Number.isFinite(positions[at]);
      if (!isPlace && Number.isFinite(colours[at])) continue;
      const what = isPlace ? `position that is ${positions[at]}` : `colour that is ${colours[at]}`;
      throw new ObjectError(
        `${name} has a ${what}, in triangle ${Math.floor(corner / 3) + 1}.`,
        'Repair the mesh and save it again.',
      );
    }
  }
}

/** Turns an object whose up axis is z: its right stays, its back, y, becomes -z. */
export function standUp(mesh: ObjectMesh): ObjectMesh {
  const positions = new Float64Array(mesh.positions.length);
  for (let i = 0; i < positions.length; i += 3) {
    positions[i] = mesh.positions[i]!;
    positions[i + 1] = mesh.positions[i + 2]!;
    positions[i + 2] = -mesh.positions[i + 1]!;
  }
  return { ...mesh, positions };
}

/** Least and greatest coordinates of the vertices that triangles have. */
export function boundsOf({ positions, indices }: ObjectMesh): { low: number[]; high: number[] } {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (const vertex of indices) {
    for (let axis = 0; axis < 3; axis++) {
      const value = positions[3 * vertex + axis]!;
      if (value < low[axis]!) low[axis] = value;
      if (value > high[axis]!) high[axis] = value;
    }
  }
  return { low, high };
}

/**
 * Moves and scales an object into the unit sphere: its bounding box is centred, its farthest vertex at distance 1.
 * @throws ObjectError for positions or colours that are not finite, and for positions that are all alike.
 */
export function normalise(mesh: ObjectMesh, name: string): NormalisedObject {
  checkFinite(mesh, name);
  const { low, high } = boundsOf(mesh);
  const [x, y, z] = low.map((value, axis) => value / 2 + high[axis]! / 2) as [
    number,
    number,
    number,
  ];
  let radius = 0;
  for (const vertex of mesh.indices) {
    const place = (axis: number) => mesh.positions[3 * vertex + axis]!;
    radius = Math.max(radius, Math.hypot(place(0) - x, place(1) - y, place(2) - z));
  }
  // Positions of floats differ by no less than this where they are large.
  if (!(radius > 1e-12 * Math.hypot(x, y, z)) || !Number.isFinite(radius)) {
    throw new ObjectError(
      `${name} is a single point: all its triangles are at one place.`,
      'Give another object.',
    );
  }
  if (Math.hypot(x, y, z) < tolerance && Math.abs(radius - 1) < tolerance) {
    return {
      mesh: { ...mesh, positions: Float32Array.from(mesh.positions) },
      centre: [0, 0, 0],
      radius: 1,
    };
  }
  const centre = [x, y, z] as const;
  const positions = new Float32Array(mesh.positions.length);
  for (let i = 0; i < positions.length; i++) {
    positions[i] = (mesh.positions[i]! - centre[i % 3]!) / radius;
  }
  return { mesh: { ...mesh, positions }, centre, radius };
}
