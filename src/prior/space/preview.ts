/** What latents look like without a decoder. */

/**
 * RGB in [-1, 1] for each of the four channels of Stable Diffusion's latents, by linear regression (Metzer et al. 2023,
 * "Latent-NeRF", section 4.1).
 */
const COLOURS = [
  [0.298, 0.207, 0.208],
  [0.187, 0.286, 0.173],
  [-0.158, 0.189, 0.264],
  [-0.184, -0.271, -0.473],
] as const;

/**
 * Colours [V, 3, h, w] of latents [V, C, h, w]: a linear map of them. Of latents with other than four channels the first
 * three stand for colours.
 */
export function latentColours(latents: Float32Array, channels: number, side: number): Float32Array {
  const plane = side * side;
  const weight = (from: number, to: number): number =>
    channels === COLOURS.length ? COLOURS[from]![to]! : Number(from === to);
  return Float32Array.from({ length: (latents.length / channels) * 3 }, (_, i) => {
    const [view, colour] = [Math.floor(i / (3 * plane)), Math.floor(i / plane) % 3];
    let sum = 0;
    for (let c = 0; c < channels; c++) {
      sum += weight(c, colour) * latents[(view * channels + c) * plane + (i % plane)]!;
    }
    return sum;
  });
}
