import { normal } from '../../src/random';

/** One term's level and weight, as docs/method.md writes them. */
export interface Term {
  readonly alpha: number;
  readonly sigma: number;
  readonly weight: number;
  readonly stream: number;
}

/** z_τ = α (2x − 1) + σ ε, element by element. */
export function noised(
  views: ArrayLike<number>,
  { alpha, sigma, stream }: Term,
  seed: number,
  step: number,
): Float64Array {
  return Float64Array.from(
    views,
    (x, e) => alpha * (2 * x - 1) + sigma * normal(seed, stream, step, e),
  );
}

/** The gradient of the objective on the views; predictions are of v. */
export function objectiveGradient(
  z: { readonly matching: ArrayLike<number>; readonly adherence: ArrayLike<number> },
  v: {
    readonly conditional: ArrayLike<number>;
    readonly conditionalAdherence: ArrayLike<number>;
    readonly unconditional: ArrayLike<number>;
    readonly fake?: ArrayLike<number>;
  },
  matching: Term,
  adherence: Term,
  guidance: number,
  rescale: number,
  seed: number,
  step: number,
  pixels: number,
  plane: number,
): Float64Array {
  const epsilon = (predicted: number, noisy: number, t: Term) =>
    t.alpha * predicted + t.sigma * noisy;
  const channels = v.conditional.length / pixels;
  const estimate = (e: number, scale: number) => {
    const za = z.adherence[e]!;
    const withText = epsilon(v.conditionalAdherence[e]!, za, adherence);
    const guided = withText + scale * (withText - epsilon(v.unconditional[e]!, za, adherence));
    return (za - adherence.sigma * guided) / adherence.alpha;
  };
  const channelOf = (e: number) => Math.floor(e / plane) % channels;
  const spread = (channel: number, scale: number) => {
    const all = Array.from(v.conditional, (_, e) => e)
      .filter((e) => channelOf(e) === channel)
      .map((e) => estimate(e, scale));
    const mean = all.reduce((sum, x) => sum + x, 0) / all.length;
    const deviation = Math.sqrt(all.reduce((sum, x) => sum + (x - mean) ** 2, 0) / all.length);
    return { mean, deviation };
  };
  const spreads = Array.from({ length: channels }, (_, channel) => ({
    plain: spread(channel, 0),
    guided: spread(channel, guidance),
  }));
  const clean = (e: number) => {
    const guidedEstimate = estimate(e, guidance);
    const channel = channelOf(e);
    if (channels === 4 && channel === 3) return guidedEstimate;
    const { plain, guided } = spreads[channel]!;
    const ratio = plain.deviation / Math.max(guided.deviation, 1e-6);
    const rescaled = plain.mean + ratio * (guidedEstimate - guided.mean);
    return guidedEstimate + rescale * (rescaled - guidedEstimate);
  };
  return Float64Array.from(v.conditional, (predicted, e) => {
    const zm = z.matching[e]!;
    const za = z.adherence[e]!;
    const baseline = v.fake
      ? epsilon(v.fake[e]!, zm, matching)
      : normal(seed, matching.stream, step, e);
    const dm = matching.weight * (epsilon(predicted, zm, matching) - baseline);
    const withText = epsilon(v.conditionalAdherence[e]!, za, adherence);
    const channel = channelOf(e);
    const alpha = channels === 4 ? clean(e + (3 - channel) * plane) : 1;
    const held = Math.max(-1, Math.min(1, alpha, clean(e)));
    const guided = (za - adherence.alpha * held) / adherence.sigma;
    const ca = adherence.weight * (guided - withText);
    return (2 * (dm + ca)) / pixels;
  });
}
