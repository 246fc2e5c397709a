/**
 * Counter-based randomness: a draw is a pure function of (seed, stream, step, index), so two runs
 * with one seed share cameras, timesteps and noise whatever else differs between them.
 * Twin of shaders/lib/random.wgsl: the integers agree bit for bit.
 */

/** What a draw is for. Streams never share numbers. */
export const streams = {
  camera: 1,
  timestep: 2,
  noise: 3,
  march: 4,
  occupancy: 5,
  fieldInit: 6,
  fakeTimestep: 7,
  fakeNoise: 8,
  loraInit: 9,
  guidanceTimestep: 10,
  guidanceNoise: 11,
  pixelInit: 12,
  background: 13,
  baselineTimestep: 14,
  exemplar: 15,
  knownView: 16,
  cameraDropout: 17,
  inversionTimestep: 18,
  inversionNoise: 19,
  surfaceNoise: 20,
} as const;

export type Counter = readonly [seed: number, stream: number, step: number, index: number];

/** Four random u32 from four u32: PCG4D (Jarzynski and Olano, JCGT 9(3), 2020). */
export function pcg4d(counter: Counter): [number, number, number, number] {
  let [x, y, z, w] = counter.map((c) => (Math.imul(c, 1664525) + 1013904223) | 0) as [
    number,
    number,
    number,
    number,
  ];
  const mix = () => {
    x = (x + Math.imul(y, w)) | 0;
    y = (y + Math.imul(z, x)) | 0;
    z = (z + Math.imul(x, y)) | 0;
    w = (w + Math.imul(y, z)) | 0;
  };
  mix();
  x ^= x >>> 16;
  y ^= y >>> 16;
  z ^= z >>> 16;
  w ^= w >>> 16;
  mix();
  return [x >>> 0, y >>> 0, z >>> 0, w >>> 0];
}

const unit = 2 ** -24;

/** Uniform in [0, 1), a multiple of 2^-24. */
export function uniform(...counter: Counter): number {
  return (pcg4d(counter)[0] >>> 8) * unit;
}

/** Standard normal by Box and Muller's transform. */
export function normal(...counter: Counter): number {
  const [a, b] = pcg4d(counter);
  const u = ((a >>> 8) + 1) * unit;
  const v = (b >>> 8) * unit;
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
}
