import type * as v from 'valibot';
import type { FakeSettings } from '../prior/settings';
import { boolean, choice, group, integer, number, schedule, text } from '../schema';

/** Steps of an inversion are at most this many, so that each has noise of its own. */
export const maxInversionSteps = 100;

/** What the prior is asked, and how its answers become a gradient. */
export const guidanceSettings = group('Guidance', {
  baseline: choice({
    default: 'noise',
    choices: ['noise', 'fake', 'shifted', 'defects'],
    label: 'Baseline b',
    help:
      'what the noise prediction is compared with: the noise itself (SDS), the fake score (VSD), the same network ' +
      'at a later τ (ASD), or the same network told of defects (NFSD)',
  }),
  noise: choice({
    default: 'drawn',
    choices: ['drawn', 'inverted', 'surface'],
    label: 'Noise ε',
    help:
      'where the noise comes from: drawn at every step, found in the views by running DDIM backwards (SDI), or ' +
      'attached to the surface (CFD)',
  }),
  inversionSteps: integer({
    default: 10,
    min: 1,
    max: maxInversionSteps,
    label: 'Inversion steps',
    help: 'steps of an inversion over all timesteps; one to τ takes its share of them, two questions each',
  }),
  inversionScale: number({
    default: -2,
    min: -100,
    max: 100,
    label: 'Inversion scale',
    help: 'scale of classifier-free guidance while the noise is found; negative ones undo that of the step',
  }),
  inversionEta: number({
    default: 0.3,
    min: 0,
    max: 1,
    label: 'Inversion η',
    help: "share of fresh noise in each step of an inversion, DDIM's η",
  }),
  surfaceRenewal: number({
    default: 1,
    min: 0.01,
    max: 100,
    label: 'Renewal',
    help: 'share of the run in which noise on the surface gives way to other noise',
  }),
  shift: number({
    default: 0.1,
    min: 0,
    max: 1,
    label: 'Shift η',
    help: 'how much later the shifted baseline is asked: up to η (τ − least τ)',
  }),
  negative: text({
    default: '',
    maxLength: 1000,
    label: 'Negative prompt',
    help: "what the object should not be; without it, the prior's unconditional prompt",
  }),
  negativeShare: schedule({
    default: 1,
    min: 0,
    max: 1,
    label: 'Negative share',
    help: 'how far the negative prompt stands for ∅; below 1 the rest is the unconditional prompt, as CSD anneals it',
  }),
  defects: text({
    default: '',
    maxLength: 1000,
    label: 'Defects',
    help:
      "words for what is wrong with bad pictures, for the baseline 'defects'; without them the prior's own, " +
      'and where it has none, its unconditional prompt',
  }),
  fakeScale: number({
    default: 1,
    min: 0,
    max: 100,
    label: 'Fake scale',
    help:
      'guidance of the fake score by its cameras: 1 tells it the cameras, 0 does not, between lies ESD; ' +
      'other than 1 it needs fake.cameraDropout',
  }),
  lambdaDm: number({
    default: 1,
    min: 0,
    max: 100,
    label: 'λ DM',
    help: 'weight of the distribution-matching term, ε_φ(z_τ; y) − b',
  }),
  scale: schedule({
    default: 4,
    min: 0,
    label: 'Guidance scale',
    help: 'scale s of classifier-free guidance: s − 1 weighs ε_φ(z_τ; y) − ε_φ(z_τ; ∅)',
  }),
  limited: boolean({
    default: true,
    label: 'Limited guidance',
    help: "guide only at the timesteps that the prior's manifest names; elsewhere the scale is 1",
  }),
  threshold: boolean({
    default: true,
    label: 'Threshold',
    help: 'hold the guided clean estimate to the range of colours, after Saharia et al. 2022',
  }),
  rescale: number({
    default: 0.7,
    min: 0,
    max: 1,
    label: 'Rescale φ',
    help: "how far the guided estimate's colours get back the mean and the spread that they have without guidance",
  }),
  sharedTimestep: boolean({
    default: true,
    label: 'Shared timestep',
    help: 'whether both terms see one τ and one noise; apart, each draws its own, as in Decoupled DMD',
  }),
  // High noise alone: it decides what the object is, while the lower levels, asked again and again
  // about a picture that is nearly right, round it off.
  minTimestep: schedule({
    default: [0, 0.85, 0.7, 0.9],
    min: 0,
    max: 1,
    label: 'Least τ',
    help: "lower bound of τ, as a fraction of the model's timesteps",
  }),
  maxTimestep: schedule({
    default: [0, 0.98, 0.8, 0.9],
    min: 0,
    max: 1,
    label: 'Largest τ',
    help: "upper bound of τ, as a fraction of the model's timesteps",
  }),
  weighting: choice({
    default: 'sigma_squared',
    choices: ['sigma_squared', 'uniform', 'sigma_alpha', 'sigma_over_alpha'],
    label: 'Weighting w(τ)',
    help: 'how much a noise level counts: σ² as in DreamFusion, one, σα, or σ/α, which compares clean estimates',
  }),
  cfgMinTimestep: schedule({
    default: [0, 0.85, 0.7, 0.9],
    min: 0,
    max: 1,
    label: "Least τ'",
    help: "lower bound of the guidance term's own τ', where the timestep is not shared",
  }),
  cfgMaxTimestep: schedule({
    default: [0, 0.98, 0.8, 0.9],
    min: 0,
    max: 1,
    label: "Largest τ'",
    help: "upper bound of the guidance term's own τ', where the timestep is not shared",
  }),
  normalise: boolean({
    default: false,
    label: 'Normalise',
    help: 'divide the gradient by the mean distance of the views from the guided clean estimate, as DMD does',
  }),
  lambdaMoments: schedule({
    default: 0,
    min: 0,
    label: 'λ moments',
    help: "weight of the divergence of each view's mean and variance from those below (Decoupled DMD, eq. 7)",
  }),
  momentsMean: number({
    default: -0.73,
    min: -1,
    max: 1,
    label: 'Mean m₀',
    help: "mean of a good view's values, in [-1, 1], for λ moments",
  }),
  momentsVariance: number({
    default: 0.3,
    min: 0.001,
    max: 1,
    label: 'Variance v₀',
    help: "variance of a good view's values, for λ moments",
  }),
  settle: number({
    default: 0,
    min: 0,
    max: 1,
    label: 'Settle',
    help:
      'share of the run in which cameras and noise stay those of step 0: the views settle on one object, ' +
      'as they do when the prior is sampled, before they are looked at from elsewhere',
  }),
});

/** How views are drawn and fitted in turn, by methods that reconstruct. */
export const reconstructionSettings = group('Reconstruction', {
  rounds: integer({
    default: 2,
    min: 0,
    max: 1000,
    label: 'Rounds',
    help: 'how often the object is seen from elsewhere, noised, drawn anew from there and fitted again',
  }),
  firstEvaluations: integer({
    default: 12,
    min: 1,
    max: 1000,
    label: 'First evaluations',
    help: 'steps in which the first views are drawn from noise alone',
  }),
  evaluations: integer({
    default: 5,
    min: 1,
    max: 1000,
    label: 'Evaluations',
    help: 'steps in which the views of a round are drawn',
  }),
  inversion: integer({
    default: 3,
    min: 0,
    max: 1000,
    label: 'Inversion',
    help: 'steps in which the views of a round are noised by the model itself, from τ² to τ; 0: by noise alone',
  }),
  timestep: schedule({
    default: [0, 0.5, 0.35, 1],
    min: 0.02,
    max: 1,
    label: 'τ of a round',
    help: "how far the views of a round are noised, as a fraction of the model's timesteps, over the rounds",
  }),
  groups: integer({
    default: 3,
    min: 1,
    max: 16,
    label: 'Groups kept',
    help: 'groups of views that the field is fitted to, the newest included',
  }),
  newest: number({
    default: 0.5,
    min: 0,
    max: 1,
    label: 'Newest',
    help: "share of a step's views that are of the newest group; the last steps see all groups alike",
  }),
  firstFits: number({
    default: 0.4,
    min: 0,
    max: 1,
    label: 'First fits',
    help: 'share of the fitting steps before the first round',
  }),
  lastFits: number({
    default: 0.3,
    min: 0,
    max: 1,
    label: 'Last fits',
    help: 'share of the fitting steps after the last round',
  }),
  charbonnier: number({
    default: 0.05,
    min: 0,
    max: 1,
    label: 'Charbonnier',
    help: 'width of the robust error √(d² + c²) − c that views are fitted by; 0: squares',
  }),
});

export type ReconstructionSettings = v.InferOutput<typeof reconstructionSettings>;
/** What is climbed beside the scores (DMDR, Jiang et al. 2025). */
export const rewardSettings = group('Reward', {
  weight: schedule({
    default: 0,
    min: 0,
    label: 'Weight ρ',
    help: 'weight of the reward, the log probability of the prompt among other captions; 0 asks for none',
  }),
  clip: number({
    default: 1,
    min: 0,
    max: 100,
    label: 'Clip',
    help: "largest size of the reward's gradient, in sizes of that of the scores",
  }),
});

export type RewardSettings = v.InferOutput<typeof rewardSettings>;

export type GuidanceSettings = v.InferOutput<typeof guidanceSettings>;

/** w(τ) of the objective. */
export type Weighting = GuidanceSettings['weighting'];

/** What guidance reads of a run's settings. */
export interface GuidedRun {
  readonly seed: number;
  readonly steps: number;
  readonly guidance: GuidanceSettings;
  readonly fake: FakeSettings;
  readonly reward: RewardSettings;
}
