/** Einsum's equation. */
import { OnnxError } from '../graph/graph';

export interface EinsumEquation {
  /** Subscripts of each operand, one letter per axis. */
  readonly operands: readonly string[];
  readonly result: string;
}

/**
 * Parses "bij,bjk->bik". Without an arrow, the result has the letters that occur once, in alphabetical order.
 * @throws {OnnxError} on an ellipsis.
 */
export function parseEinsum(equation: string): EinsumEquation {
  const [left = '', right] = equation.replaceAll(' ', '').split('->');
  if (equation.includes('.')) {
    throw new OnnxError(`Einsum "${equation}": an ellipsis is not supported, name every axis`);
  }
  const letters = [...left.replaceAll(',', '')];
  const implicit = letters.filter((l) => letters.indexOf(l) === letters.lastIndexOf(l)).sort();
  return { operands: left.split(','), result: right ?? implicit.join('') };
}

/** Length of each letter's axis. */
function einsumLengths(
  { operands }: EinsumEquation,
  shapes: readonly (readonly number[])[],
): Map<string, number> {
  const lengths = new Map<string, number>();
  if (operands.length !== shapes.length) {
    throw new OnnxError(`${operands.length} terms for ${shapes.length} operands`);
  }
  operands.forEach((subscripts, operand) => {
    const shape = shapes[operand]!;
    if (subscripts.length !== shape.length) {
      throw new OnnxError(`term "${subscripts}" does not name every axis of [${shape}]`);
    }
    [...subscripts].forEach((letter, axis) => {
      const [length, before] = [shape[axis]!, lengths.get(letter) ?? 1];
      if (length !== before && length !== 1 && before !== 1) {
        throw new OnnxError(`axis "${letter}" has the lengths ${before} and ${length}`);
      }
      lengths.set(letter, length === 1 ? before : length);
    });
  });
  return lengths;
}

export function einsumShape(equation: string, shapes: readonly (readonly number[])[]): number[] {
  const parsed = parseEinsum(equation);
  const lengths = einsumLengths(parsed, shapes);
  return [...parsed.result].map((letter) => {
    const length = lengths.get(letter);
    if (length === undefined) throw new OnnxError(`no term of "${equation}" names "${letter}"`);
    return length;
  });
}
