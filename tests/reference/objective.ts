import { normal } from '../../src/random';

/** A noise level, and the weight of its term. */
export interface Term {
  readonly alpha: number;
  readonly sigma: number;
  readonly weight: number;
  readonly stream: number;
}

/** z_τ = α (2x − 1) + σ ε, element by element. */
export function noised(
  input: ArrayLike<number>,
  { alpha, sigma, stream }: Omit<Term, 'weight'>,
  seed: number,
  step: number,
): Float64Array {
  return Float64Array.from(
    input,
    (x, e) => alpha * (2 * x - 1) + sigma * normal(seed, stream, step, e),
  );
}

/** A model's noised input and its prediction of v there, element by element. */
export interface Answer {
  readonly z: ArrayLike<number>;
  readonly v: ArrayLike<number>;
  readonly level: Omit<Term, 'weight'>;
}

export interface ReferenceObjective {
  readonly conditional: Answer;
  /** Null: the noise itself. */
  readonly baseline: Answer | null;
  readonly cfgConditional: Answer;
  readonly cfgUnconditional: Answer;
  readonly cfgNegative: Answer;
  /** How far ∅ is the negative prompt. */
  readonly negativeShare: number;
  /** The baseline without cameras, and the scale of its guidance by them. */
  readonly baselineBlind: Answer | null;
  readonly fakeScale: number;
  /** How much of the baseline is subtracted. */
  readonly baselineShare: number;
  /** x in [0, 1] where the gradient is divided by its distance from the guided clean estimate; else null. */
  readonly normalisedBy: ArrayLike<number> | null;
  /** w(τ) λ_DM and w(τ'). */
  readonly weights: { readonly dm: number; readonly cfg: number };
  readonly lambdaCfg: number;
  readonly rescale: number;
  readonly threshold: boolean;
  readonly seed: number;
  readonly step: number;
  readonly pixels: number;
  readonly plane: number;
}

/** ε of an answer: α v + σ z. */
const epsilonOf = ({ z, v, level }: Answer, e: number) => level.alpha * v[e]! + level.sigma * z[e]!;

/** The gradient of the objective on what the models see (docs/method.md, "Guidance"). */
export function objectiveGradient(o: ReferenceObjective): Float64Array {
  const { conditional, baseline, baselineBlind, cfgConditional, pixels, plane } = o;
  const { cfgUnconditional, cfgNegative } = o;
  const { alpha, sigma } = cfgConditional.level;
  const channels = conditional.v.length / pixels;
  const estimate = (e: number, scale: number) => {
    const withText = epsilonOf(cfgConditional, e);
    const [nothing, negative] = [epsilonOf(cfgUnconditional, e), epsilonOf(cfgNegative, e)];
    const without = (1 - o.negativeShare) * nothing + o.negativeShare * negative;
    const guided = withText + scale * (withText - without);
    return (cfgConditional.z[e]! - sigma * guided) / alpha;
  };
  const channelOf = (e: number) => Math.floor(e / plane) % channels;
  const spread = (channel: number, scale: number) => {
    const all = Array.from(conditional.v, (_, e) => e)
      .filter((e) => channelOf(e) === channel)
      .map((e) => estimate(e, scale));
    const mean = all.reduce((sum, x) => sum + x, 0) / all.length;
    const deviation = Math.sqrt(all.reduce((sum, x) => sum + (x - mean) ** 2, 0) / all.length);
    return { mean, deviation };
  };
  const spreads = Array.from({ length: channels }, (_, channel) => ({
    plain: spread(channel, 0),
    guided: spread(channel, o.lambdaCfg),
  }));
  const clean = (e: number) => {
    const guidedEstimate = estimate(e, o.lambdaCfg);
    const channel = channelOf(e);
    if (channels === 4 && channel === 3) return guidedEstimate;
    const { plain, guided } = spreads[channel]!;
    const ratio = plain.deviation / Math.max(guided.deviation, 1e-6);
    const rescaled = plain.mean + ratio * (guidedEstimate - guided.mean);
    return guidedEstimate + o.rescale * (rescaled - guidedEstimate);
  };
  const held = (e: number) => {
    if (!o.threshold) return clean(e);
    const channel = channelOf(e);
    const ceiling = channels === 4 ? clean(e + (3 - channel) * plane) : 1;
    return Math.max(-1, Math.min(1, ceiling, clean(e)));
  };
  const distance = (x: ArrayLike<number>) =>
    Array.from(x).reduce((sum, value, e) => sum + Math.abs(2 * value - 1 - held(e)), 0) / x.length;
  const scale = o.normalisedBy ? 1 / distance(o.normalisedBy) : 1;
  return Float64Array.from(conditional.v, (_, e) => {
    const seen = baseline
      ? epsilonOf(baseline, e)
      : normal(o.seed, conditional.level.stream, o.step, e);
    const blind = baselineBlind ? epsilonOf(baselineBlind, e) : seen;
    const b = o.baselineShare * (blind + o.fakeScale * (seen - blind));
    const dm = o.weights.dm * (epsilonOf(conditional, e) - b);
    const guided = (cfgConditional.z[e]! - alpha * held(e)) / sigma;
    const cfg = o.weights.cfg * (guided - epsilonOf(cfgConditional, e));
    return (scale * 2 * (dm + cfg)) / pixels;
  });
}
