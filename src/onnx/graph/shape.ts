/** Arithmetic on shapes: broadcasting, axes, strides. */
import { OnnxError } from './graph';

/** A non-negative axis of a tensor of the given rank; ONNX counts negative ones from the end. */
export function normalizeAxis(axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (normal < 0 || normal >= Math.max(rank, 1)) {
    throw new OnnxError(`axis ${axis} is out of range for rank ${rank}`);
  }
  return normal;
}

/** Shape of the elementwise combination (NumPy's rules). */
export function broadcastShapes(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    let result = 1;
    for (const shape of shapes) {
      const length = shape[axis - (rank - shape.length)] ?? 1;
      if (length === 1) continue;
      if (result !== 1 && result !== length) {
        const list = shapes.map((s) => `[${s}]`).join(' and ');
        throw new OnnxError(`shapes ${list} do not broadcast`);
      }
      result = length;
    }
    return result;
  });
}

/** Elements to skip per axis in row-major order. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * shape[i + 1]!;
  return strides;
}

/** The multi-index of a row-major position. */
export function unravel(position: number, shape: readonly number[]): number[] {
  const index = new Array<number>(shape.length);
  let rest = position;
  for (let i = shape.length - 1; i >= 0; i--) {
    index[i] = rest % shape[i]!;
    rest = Math.floor(rest / shape[i]!);
  }
  return index;
}

/** Row-major position of a multi-index into a tensor that is broadcast to the index's space. */
export function ravelBroadcast(index: readonly number[], shape: readonly number[]): number {
  const offset = index.length - shape.length;
  let position = 0;
  for (let i = 0; i < shape.length; i++) {
    position = position * shape[i]! + (shape[i] === 1 ? 0 : index[i + offset]!);
  }
  return position;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, i) => length === b[i]);
}

/** What a Slice takes of one axis: elements start, start + step, ... (`length` of them). */
export interface SliceRange {
  readonly axis: number;
  readonly start: number;
  readonly step: number;
  readonly length: number;
}

/** The ranges of an ONNX Slice of a tensor, with negative and out-of-range bounds resolved. */
export function sliceRanges(
  shape: readonly number[],
  starts: readonly number[],
  ends: readonly number[],
  axes: readonly number[] = starts.map((_, i) => i),
  steps: readonly number[] = starts.map(() => 1),
): SliceRange[] {
  const lists = [ends, axes, steps];
  if (lists.some((list) => list.length !== starts.length)) {
    throw new OnnxError(
      `${starts.length} starts for ${ends.length} ends, ${axes.length} axes and ${steps.length} steps`,
    );
  }
  if (steps.includes(0)) throw new OnnxError('a step is 0');
  if (new Set(axes.map((axis) => normalizeAxis(axis, shape.length))).size < axes.length) {
    throw new OnnxError(`an axis is cut twice (${axes})`);
  }
  return starts.map((first, i) => {
    const axis = normalizeAxis(axes[i]!, shape.length);
    const size = shape[axis]!;
    const step = steps[i]!;
    const resolve = (bound: number) => (bound < 0 ? bound + size : bound);
    const low = step > 0 ? 0 : -1;
    const high = step > 0 ? size : size - 1;
    const start = Math.min(Math.max(resolve(first), 0), high);
    const end = Math.min(Math.max(resolve(ends[i]!), low), high);
    return { axis, start, step, length: Math.max(0, Math.ceil((end - start) / step)) };
  });
}
