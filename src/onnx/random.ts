/** Counter-based normal numbers: a pure function of seed and index. */

/** PCG hash of 32 bits (Jarzynski and Olano, "Hash Functions for GPU Rendering", JCGT 2020). */
function hash(input: number): number {
  const state = (Math.imul(input, 747796405) + 2891336453) >>> 0;
  const word = Math.imul((state >>> ((state >>> 28) + 4)) ^ state, 277803737) >>> 0;
  return ((word >>> 22) ^ word) >>> 0;
}

/** Uniform in (0, 1). */
const uniform = (bits: number) => (bits + 0.5) / 2 ** 32;

/** The `index`-th standard normal number of a seed (Box and Muller). */
export function normal(seed: number, index: number): number {
  const first = hash(hash(seed) ^ hash(index));
  const radius = Math.sqrt(-2 * Math.log(uniform(first)));
  return radius * Math.cos(2 * Math.PI * uniform(hash(first)));
}
