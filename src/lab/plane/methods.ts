/**
 * The family of score distillation as rows. A particle x = θ + h η, noised to z = α x + σ ε, is moved against
 *
 *     g = λ_DM w(τ) [ ε_φ(z_τ; y) - b ] + λ_CFG w(τ') [ ε_φ(z_τ'; y) - ε_φ(z_τ'; ∅) ]
 *
 * with exact scores in place of networks: ε_φ(z) = -σ ∇ log p_τ(z). What differs is a row.
 */

/** What is subtracted from the frozen prediction. */
export type Baseline = 'noise' | 'later' | 'own' | 'all' | 'none';

/** One method of the family. */
export interface PlaneMethod<Id extends string = string> {
  readonly id: Id;
  readonly title: string;
  /** One sentence. */
  readonly summary: string;
  /** In the notation of `tex`. */
  readonly formula: string;
  /** Paper. */
  readonly source: string;
  /**
   * b: the noise; the frozen prediction at a later τ; the score of the particle's own q = N(θ, h²), of all particles'
   * q together; or no such term.
   */
  readonly baseline: Baseline;
  /** Whether the step is of unit size: divided by the mean of |x - x̂_φ|, as DMD's equation 8 does. */
  readonly normalised?: boolean;
  /** Whether τ' of the guidance is drawn apart, above τ. */
  readonly apart?: boolean;
  /** Whether both densities are compared at the smallest τ, and the difference is weighed as by a discriminator. */
  readonly discriminator?: boolean;
}

const table = [
  {
    id: 'sds',
    title: 'SDS',
    summary: 'Subtracts the noise itself: each particle climbs the blurred density alone.',
    formula: String.raw`\epsilon_\phi(z_\tau;y) - \epsilon`,
    source: 'Poole et al., DreamFusion, arXiv:2209.14988',
    baseline: 'noise',
  },
  {
    id: 'asd',
    title: 'ASD',
    summary: 'Subtracts the same network’s answer at a slightly later τ: no second network.',
    formula: String.raw`\epsilon_\phi(z_\tau;y) - \epsilon_\phi(z_{\tau+};y)`,
    source: 'Ma et al., ScaleDreamer, arXiv:2407.02040',
    baseline: 'later',
  },
  {
    id: 'csd',
    title: 'CSD',
    summary: 'Guidance alone: nothing draws towards the data but the prompt.',
    formula: String.raw`\epsilon_\phi(z_\tau;y) - \epsilon_\phi(z_\tau;\emptyset)`,
    source: 'Yu et al., Classifier Score Distillation, arXiv:2310.19415',
    baseline: 'none',
  },
  {
    id: 'vsd',
    title: 'VSD',
    summary:
      'Subtracts the score of what all particles are together: they make room for each other.',
    formula: String.raw`\epsilon_\phi(z_\tau;y) - \epsilon_\psi(z_\tau)`,
    source: 'Wang et al., ProlificDreamer, arXiv:2305.16213',
    baseline: 'all',
  },
  {
    id: 'dmd',
    title: 'DMD',
    summary: 'VSD in units of the distance to the prior’s one-step guess: steps of one size.',
    formula: String.raw`\frac{\hat x_\psi - \hat x_\phi}{mean |x - \hat x_\phi|}`,
    source: 'Yin et al., Distribution Matching Distillation, arXiv:2311.18828, equation 8',
    baseline: 'all',
    normalised: true,
  },
  {
    id: 'decoupled',
    title: 'Decoupled DMD',
    summary: 'The matching at any τ, the guidance at a τ′ above it, each drawn by itself.',
    formula: String.raw`[\epsilon_\phi - \epsilon_\psi]_\tau + [\epsilon_\phi(y) - \epsilon_\phi(\emptyset)]_{\tau' > \tau}`,
    source: 'Liu et al., Decoupled DMD, arXiv:2511.22677',
    baseline: 'all',
    apart: true,
  },
  {
    id: 'gan',
    title: 'GAN',
    summary: 'The best discriminator’s gradient, non-saturating: VSD at τ → 0, weighed by 1 − D.',
    formula: String.raw`(1 - D)\,[s_q - s_p]_{\tau \to 0}`,
    source: 'Goodfellow et al., arXiv:1406.2661',
    baseline: 'all',
    discriminator: true,
  },
] as const satisfies readonly PlaneMethod[];

export type PlaneMethodId = (typeof table)[number]['id'];

/** All of the family that the plane shows. */
export const planeMethods: readonly PlaneMethod<PlaneMethodId>[] = table;

export const planeMethodIds: readonly PlaneMethodId[] = table.map(({ id }) => id);

export const planeMethodOf = (id: PlaneMethodId): PlaneMethod<PlaneMethodId> =>
  planeMethods.find((method) => method.id === id)!;
