/** Premultiplied views of one object. */
export interface SquareViews {
  /** f32 [count, 4, size, size] in [0, 1], row 0 at the top. */
  readonly views: Float32Array;
  readonly count: number;
  readonly size: number;
}

/**
 * Views at another side: means where the side divides theirs, else bilinear with pixels' centres at (i + 1/2), as
 * training does it.
 * @returns f32 [count, 4, side, side]
 */
export function resizedViews({ views, count, size }: SquareViews, side: number): Float32Array {
  if (size === side) return views;
  const planes = 4 * count;
  const out = new Float32Array(planes * side * side);
  const resize = size % side === 0 ? meanPlane : bilinearPlane;
  for (let plane = 0; plane < planes; plane++) {
    const from = views.subarray(plane * size * size, (plane + 1) * size * size);
    resize(from, size, out.subarray(plane * side * side, (plane + 1) * side * side), side);
  }
  return out;
}

type PlaneResize = (from: Float32Array, size: number, to: Float32Array, side: number) => void;

const meanPlane: PlaneResize = (from, size, to, side) => {
  const factor = size / side;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const at = Math.floor(y / factor) * side + Math.floor(x / factor);
      to[at]! += from[y * size + x]! / factor ** 2;
    }
  }
};

const bilinearPlane: PlaneResize = (from, size, to, side) => {
  const axis = Array.from({ length: side }, (_, i) => {
    const place = Math.min(Math.max(((i + 0.5) * size) / side - 0.5, 0), size - 1);
    const low = Math.floor(place);
    return { low, high: Math.min(low + 1, size - 1), part: place - low };
  });
  for (const [y, row] of axis.entries()) {
    for (const [x, column] of axis.entries()) {
      const line = (r: number) =>
        from[r * size + column.low]! * (1 - column.part) +
        from[r * size + column.high]! * column.part;
      to[y * side + x] = line(row.low) * (1 - row.part) + line(row.high) * row.part;
    }
  }
};
