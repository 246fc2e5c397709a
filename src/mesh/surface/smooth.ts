import type { Surface } from './marching_cubes';

/** Taubin's λ, and μ for a pass band of 0.1: 1/λ + 1/μ = 0.1. */
const shrink = 0.5;
const inflate = -0.526;

/**
 * Smooths a closed surface without shrinking it: each iteration moves the vertices towards the mean
 * of their neighbours and back out by slightly more (Taubin, "A signal processing approach to fair
 * surface design", SIGGRAPH 1995, section 3.1; uniform weights).
 *
 * @returns new positions, f32 [vertices, 3].
 */
export function taubinSmooth({ positions, indices }: Surface, iterations: number): Float32Array {
  // In a closed mesh each neighbour of a vertex ends exactly one directed side that starts there.
  const degree = new Uint32Array(positions.length / 3);
  for (const vertex of indices) degree[vertex]!++;
  const smoothed = positions.slice();
  const sums = new Float64Array(positions.length);
  for (let pass = 0; pass < 2 * iterations; pass++) {
    const weight = pass % 2 === 0 ? shrink : inflate;
    sums.fill(0);
    for (let i = 0; i < indices.length; i++) {
      const from = 3 * indices[i]!;
      const to = 3 * indices[i % 3 === 2 ? i - 2 : i + 1]!;
      for (let axis = 0; axis < 3; axis++) sums[from + axis]! += smoothed[to + axis]!;
    }
    for (let i = 0; i < smoothed.length; i++) {
      const mean = sums[i]! / degree[Math.floor(i / 3)]!;
      smoothed[i]! += weight * (mean - smoothed[i]!);
    }
  }
  return smoothed;
}
