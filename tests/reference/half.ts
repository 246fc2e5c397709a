/** The value of a number in IEEE 754 binary16. @param bits 0 to 65535. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24);
}

/** Words of two f16 each, the first in the low bits. */
export const fromHalves = (words: Uint32Array): Float64Array =>
  Float64Array.from({ length: 2 * words.length }, (_, i) =>
    fromHalf((words[i >> 1]! >>> (16 * (i & 1))) & 0xffff),
  );

/** The greatest finite f16. */
export const largestHalf = 65504;

/** The least normal f16: what is smaller may be rounded to zero. */
const leastNormalHalf = 2 ** -14;

/**
 * Whether `half` is one of the two f16 next to `value`, or `value` itself: WGSL leaves it to the adapter which.
 * Values beyond the greatest f16 are clamped.
 */
export function isRounding(half: number, value: number): boolean {
  const clamped = Math.max(-largestHalf, Math.min(largestHalf, value));
  if (half === 0 && Math.abs(clamped) < leastNormalHalf) return true;
  const exponent = Math.floor(Math.log2(Math.max(Math.abs(clamped), leastNormalHalf)));
  return Math.abs(half - clamped) < 2 ** (exponent - 10);
}
