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
  operands.forEach((subscripts, operand) => {
    [...subscripts].forEach((letter, axis) => {
      lengths.set(letter, Math.max(shapes[operand]![axis]!, lengths.get(letter) ?? 1));
    });
  });
  return lengths;
}

export function einsumShape(equation: string, shapes: readonly (readonly number[])[]): number[] {
  const parsed = parseEinsum(equation);
  const lengths = einsumLengths(parsed, shapes);
  return [...parsed.result].map((letter) => lengths.get(letter)!);
}
