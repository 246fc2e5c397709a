/** Digits after the point: a micrometre for an object of two metres, a hundredth of a texel. */
const digits = 6;

/** A number as text files have it. */
export const decimal = (value: number) => String(Number(value.toFixed(digits)));

/** Every `size` numbers of an array, written by `write`. */
export function rows<T>(
  values: Float32Array | Uint32Array,
  size: number,
  write: (row: readonly number[]) => T,
): T[] {
  return Array.from({ length: values.length / size }, (_, i) =>
    write(Array.from(values.subarray(size * i, size * (i + 1)))),
  );
}

export const encoded = (lines: readonly string[]) =>
  new TextEncoder().encode(`${lines.join('\n')}\n`);
