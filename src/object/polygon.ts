import { ShapeUtils, Vector2 } from 'three';

/**
 * Cuts a polygon into triangles: a convex one into a fan, another by ear clipping in its own plane.
 * @param points f64 [corners, 3], at least three.
 * @returns corners, three a triangle.
 */
export function triangulated(points: ArrayLike<number>): readonly number[] {
  const count = points.length / 3;
  if (count === 3) return [0, 1, 2];
  const flat = onPlane(points, count);
  const fan = Array.from({ length: count - 2 }, (_, i) => [0, i + 1, i + 2]).flat();
  if (!flat || isConvex(flat)) return fan;
  const ears = ShapeUtils.triangulateShape(flat, []).flat();
  return ears.length > 0 ? ears : fan;
}

/** The corners seen along the polygon's normal (Newell); undefined where it has no area. */
function onPlane(points: ArrayLike<number>, count: number): Vector2[] | undefined {
  // Far from the origin, products of coordinates would lose what they differ by.
  const at = (corner: number, axis: number) => points[3 * (corner % count) + axis]! - points[axis]!;
  const normal = [0, 1, 2].map((axis) => {
    const [u, v] = [(axis + 1) % 3, (axis + 2) % 3];
    let sum = 0;
    for (let i = 0; i < count; i++) sum += (at(i, u) - at(i + 1, u)) * (at(i, v) + at(i + 1, v));
    return sum;
  });
  const sizes = normal.map(Math.abs);
  const axis = sizes.indexOf(Math.max(...sizes));
  if (!(sizes[axis]! > 0)) return undefined;
  const [u, v] = [(axis + 1) % 3, (axis + 2) % 3];
  return Array.from({ length: count }, (_, i) => new Vector2(at(i, u), at(i, v)));
}

function isConvex(corners: readonly Vector2[]): boolean {
  let turn = 0;
  for (let i = 0; i < corners.length; i++) {
    const [a, b, c] = [0, 1, 2].map((k) => corners[(i + k) % corners.length]!) as [
      Vector2,
      Vector2,
      Vector2,
    ];
    const cross = (b.x - a.x) * (c.y - b.y) - (b.y - a.y) * (c.x - b.x);
    if (cross * turn < 0) return false;
    if (cross !== 0) turn = Math.sign(cross);
  }
  return true;
}
