import type { Points } from '../src/field/points';
import { uniform } from '../src/random';
import type { TestGpu } from './gpu';

/** Uniform draws in [low, high), the same in every run. `stream` keeps draws of a test apart. */
export function draws(
  count: number,
  stream: number,
  low = -1,
  high = 1,
): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    { length: count },
    (_, i) => low + (high - low) * uniform(1, stream, 0, i),
  );
}

/** Draws that f16 holds exactly, which tables are read in: multiples of 2^-11 in [-1, 1]. */
export const halfDraws = (count: number, stream: number, low = -1, high = 1) =>
  draws(count, stream, low, high).map(toHalfStep);

/** Rounds to the coarsest spacing of f16 within [-1, 1]. */
export const toHalfStep = (value: number): number => Math.round(value / halfStep) * halfStep;

export const halfStep = 2 ** -11;

/**
 * `n` points of [-1.1, 1.1]^3 in walks of short steps, as samples along rays are; some lie outside the
 * unit ball. Returns them as [n, 4].
 */
export function walks(n: number, stream = 101): Float32Array<ArrayBuffer> {
  const starts = draws(4 * n, stream, -1.1, 1.1);
  const positions = new Float32Array(4 * n);
  for (let i = 0; i < n; i++) {
    const start = 4 * (i - (i % 20));
    for (let k = 0; k < 3; k++) {
      positions[4 * i + k] = starts[start + k]! * (1 - (i % 20) / 25);
    }
  }
  return positions;
}

/** `positions` [n, 4] as the GPU's packed points, with room to spare. */
export function packedPoints(t: TestGpu, positions: Float32Array<ArrayBuffer>): Points {
  const n = positions.length / 4;
  const capacity = n + 37;
  const buffer = t.arena.allocate('positions', 4 * capacity);
  t.gpu.device.queue.writeBuffer(buffer, 0, positions);
  const counts = new Uint32Array([n, Math.ceil(n / 64), 1, 1]);
  const count = t.arena.upload('count', counts, GPUBufferUsage.INDIRECT);
  return { positions: buffer, count, capacity };
}

/** |a - b| / |b|, Euclidean. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    size += b[i]! ** 2;
  }
  return Math.sqrt(difference / size);
}

export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < b.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}
