/** Sums what the consumers of a value contribute to its gradient. */
import type { Value } from '../build/builder';
import type { Expressions } from '../build/expressions';
import type { AxisPart, Gradient } from './rules/rule';

/**
 * The sum of all contributions, of the given shape. Parts of one axis that do not overlap, such as those of a vector
 * that is cut into many, are joined by one Concat, not padded and added one by one.
 */
export function accumulate(
  g: Expressions,
  contributions: readonly Gradient[],
  shape: readonly number[],
): Value {
  const whole = contributions.filter((c) => typeof c === 'string').map((c) => g.fit(c, shape));
  const parts = contributions.flatMap((c) => (typeof c === 'string' ? [] : c));
  for (const axis of new Set(parts.map((part) => part.axis))) {
    const ordered = parts.filter((p) => p.axis === axis).sort((a, b) => a.start - b.start);
    for (const layer of layersOf(g, ordered)) whole.push(join(g, layer, axis, shape));
  }
  return whole.reduce((sum, term) => g.add(sum, term));
}

/** Groups of parts that do not overlap. */
function layersOf(g: Expressions, ordered: readonly AxisPart[]): AxisPart[][] {
  const layers: AxisPart[][] = [];
  const end = (part: AxisPart) => part.start + g.shape(part.value)[part.axis]!;
  for (const part of ordered) {
    const layer = layers.find((candidate) => end(candidate.at(-1)!) <= part.start);
    if (layer) layer.push(part);
    else layers.push([part]);
  }
  return layers;
}

/** Parts in order, zeros between. */
function join(
  g: Expressions,
  parts: readonly AxisPart[],
  axis: number,
  shape: readonly number[],
): Value {
  if (parts.length === 1) {
    const { start, value } = parts[0]!;
    const none = shape.map(() => 0);
    const after = shape[axis]! - start - g.shape(value)[axis]!;
    return g.pad(value, none.with(axis, start), none.with(axis, after));
  }
  const pieces: Value[] = [];
  let position = 0;
  const fill = (until: number) => {
    const like = parts[0]!.value;
    if (until > position) pieces.push(g.zeros(shape.with(axis, until - position), like));
  };
  for (const { start, value } of parts) {
    fill(start);
    pieces.push(value);
    position = start + g.shape(value)[axis]!;
  }
  fill(shape[axis]!);
  return g.concat(pieces, axis);
}
