/**
 * Positions as slicers expect them: millimetres, z up, the front to -y, standing on z = 0 with the middle of its
 * bounding box over the origin.
 * @param positions f32 [vertices, 3], y up, front to +z.
 * @param millimetres the object's height; the longest side's if it has none.
 */
export function printPositions(
  positions: Float32Array,
  millimetres: number,
): Float32Array<ArrayBuffer> {
  const turned = new Float32Array(positions.length);
  const low = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high = low.map((value) => -value);
  for (let i = 0; i < positions.length; i += 3) {
    const place = [positions[i]!, -positions[i + 2]!, positions[i + 1]!];
    turned.set(place, i);
    place.forEach((value, axis) => {
      low[axis] = Math.min(low[axis]!, value);
      high[axis] = Math.max(high[axis]!, value);
    });
  }
  const sides = low.map((value, axis) => high[axis]! - value);
  const scale = millimetres / (sides[2]! || Math.max(...sides) || 1);
  const origin = [(low[0]! + high[0]!) / 2, (low[1]! + high[1]!) / 2, low[2]!];
  return turned.map((value, i) => scale * (value - origin[i % 3]!));
}
