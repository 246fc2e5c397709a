import { type Manifest, seenOf } from './manifest';

type Shape = Pick<Manifest, 'views' | 'channels' | 'resolution' | 'latent'>;

/**
 * Clean values [V, C, H, W] held to what views can be: [-1, 1], and where there is alpha, premultiplied by it, no
 * colour beyond its own (static thresholding, Saharia et al. 2022, section 2.3).
 */
export function held(clean: Float32Array, { channels, resolution }: Shape): Float32Array {
  const plane = resolution ** 2;
  return clean.map((value, i) => {
    const channel = Math.floor(i / plane) % channels;
    const isColour = channels === 4 && channel < 3;
    const ceiling = isColour ? Math.min(1, clean[i + (3 - channel) * plane]!) : 1;
    // The ceiling may be below -1.
    return Math.max(Math.min(value, ceiling), -1);
  });
}

/**
 * A guided clean estimate whose colours go, by the share `rescale`, towards the mean and the deviation over all views
 * that they have without guidance (after Lin et al. 2023, eq. 15 and 16). Alpha stays; of latents all channels go.
 */
export function rescaled(
  guided: Float32Array,
  unguided: Float32Array,
  rescale: number,
  shape: Shape,
): Float32Array {
  if (rescale === 0) return guided;
  const { views, latent } = shape;
  const { channels, side } = seenOf(shape);
  const plane = side ** 2;
  const result = guided.slice();
  for (let channel = 0; channel < (latent ? channels : Math.min(3, channels)); channel++) {
    const elements = Array.from(
      { length: views },
      (_, view) => (view * channels + channel) * plane,
    );
    const [from, to] = [spread(guided, elements, plane), spread(unguided, elements, plane)];
    const ratio = to.deviation / Math.max(from.deviation, 1e-6);
    for (const first of elements) {
      for (let i = first; i < first + plane; i++) {
        const back = to.mean + ratio * (guided[i]! - from.mean);
        result[i] = guided[i]! + rescale * (back - guided[i]!);
      }
    }
  }
  return result;
}

/** Mean and standard deviation over the planes that begin at `firsts`. */
function spread(values: Float32Array, firsts: readonly number[], plane: number) {
  const all = firsts.flatMap((first) => [...values.subarray(first, first + plane)]);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  const variance = all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length;
  return { mean, deviation: Math.sqrt(variance) };
}
