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
  const out = new Float32Array(4 * count * side * side);
  resize(size, side, 4 * count, (from, to, weight) => {
    out[to]! += weight * views[from]!;
  });
  return out;
}

/**
 * What a gradient on `resizedViews` is on the views themselves.
 * @param gradient f32 [count, 4, side, side]
 * @returns f32 [count, 4, size, size]
 */
export function resizedGradient(
  gradient: Float32Array,
  { count, size }: Pick<SquareViews, 'count' | 'size'>,
  side: number,
): Float32Array {
  if (size === side) return gradient;
  const out = new Float32Array(4 * count * size * size);
  resize(size, side, 4 * count, (from, to, weight) => {
    out[from]! += weight * gradient[to]!;
  });
  return out;
}

/** Says that an element of the views counts in one of the resized views, and how much. */
type Visit = (from: number, to: number, weight: number) => void;

function resize(size: number, side: number, planes: number, visit: Visit): void {
  const taps = size % side === 0 ? means(size, side) : bilinear(size, side);
  for (let plane = 0; plane < planes; plane++) {
    for (const row of taps) {
      for (const column of taps) {
        const from = (plane * size + row.from) * size + column.from;
        const to = (plane * side + row.to) * side + column.to;
        visit(from, to, row.weight * column.weight);
      }
    }
  }
}

/** What a pixel counts in a resized one, along one axis. */
interface Tap {
  readonly from: number;
  readonly to: number;
  readonly weight: number;
}

function means(size: number, side: number): Tap[] {
  const factor = size / side;
  return Array.from({ length: size }, (_, from) => ({
    from,
    to: Math.floor(from / factor),
    weight: 1 / factor,
  }));
}

function bilinear(size: number, side: number): Tap[] {
  return Array.from({ length: side }, (_, to) => {
    const place = Math.min(Math.max(((to + 0.5) * size) / side - 0.5, 0), size - 1);
    const low = Math.floor(place);
    const part = place - low;
    const high = Math.min(low + 1, size - 1);
    return [
      { from: low, to, weight: 1 - part },
      { from: high, to, weight: part },
    ];
  }).flat();
}
