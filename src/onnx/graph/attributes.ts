/** Attributes as one writes them in code. */
import type { Attribute, Tensor } from './graph';

/** Plain numbers are integer attributes; a float attribute needs `float`. */
export type AttributeInput = number | readonly number[] | string | Tensor | Attribute;

/** A float attribute: JavaScript cannot tell 1 from 1.0, ONNX does. */
export const float = (value: number): Attribute => ({
  type: 'float',
  value: Math.fround(value),
});

/** The attribute that is meant. */
export function toAttribute(input: AttributeInput): Attribute {
  if (typeof input === 'number') return { type: 'int', value: input };
  if (typeof input === 'string') return { type: 'string', value: input };
  if (Array.isArray(input)) return { type: 'ints', value: input as readonly number[] };
  return 'data' in input ? { type: 'tensor', value: input } : (input as Attribute);
}
