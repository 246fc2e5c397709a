import type { FieldSettings } from '../field/settings';
import type { OptimSettings } from '../optim/settings';
import type { FakeSettings } from '../prior/settings';
import type { LossSettings, RenderSettings } from '../render/settings';
import { SettingsError } from '../schema';
import type { GuidanceSettings, ReconstructionSettings, RewardSettings } from './settings';

/** Settings that a method brings. */
export type MethodSettings = {
  readonly steps?: number;
  readonly field?: Partial<FieldSettings>;
  readonly render?: Partial<RenderSettings>;
  readonly reconstruction?: Partial<ReconstructionSettings>;
  readonly optim?: Partial<OptimSettings>;
  readonly guidance?: Partial<GuidanceSettings>;
  readonly fake?: Partial<FakeSettings>;
  readonly loss?: Partial<LossSettings>;
  readonly reward?: Partial<RewardSettings>;
};

/** How a method gets from the prior to an object: by gradients of scores, or by views that it draws and fits. */
export type MethodKind = 'distillation' | 'reconstruction';

/** A way of distilling: a row of data, never a class. */
export interface Method<Id extends string = string> {
  readonly id: Id;
  readonly kind: MethodKind;
  readonly title: string;
  /** One sentence. */
  readonly summary: string;
  /** What it descends along, ∂L/∂x. */
  readonly formula: string;
  readonly sources: readonly string[];
  /** Its settings for the priors that ship, where they differ from the defaults. */
  readonly preset: MethodSettings;
  /** What makes of the preset the equation of its paper, with the paper's constants and nothing added. */
  readonly textbook: MethodSettings;
}

/** The equations of the papers: nothing is held, rescaled, settled or regularised. */
const plain = {
  guidance: {
    threshold: false,
    rescale: 0,
    limited: false,
    settle: 0,
    weighting: 'sigma_squared',
  },
  loss: { sparsity: 0, opaque: 0, nearness: 0 },
} as const satisfies MethodSettings;

/** ProlificDreamer's constants: VSD's, and those of what is built on it. */
const prolific = {
  ...plain,
  // The upper bound falls after a fifth of the run.
  guidance: {
    ...plain.guidance,
    minTimestep: 0.02,
    maxTimestep: [0.2, 0.98, 0.5, 0.2],
    scale: 7.5,
  },
  fake: { learningRate: 0.0001, updates: 1, cameraDropout: 0.1 },
} as const satisfies MethodSettings;

/** Matching on clean estimates, each step of one size: DMD's, and those of what is built on it. */
const matching = {
  baseline: 'fake',
  scale: 2,
  rescale: 0,
  weighting: 'sigma_over_alpha',
  normalise: true,
} as const satisfies MethodSettings['guidance'];

/** τ as in DreamFusion: uniform in (0.02, 0.98). */
const uniformTimesteps = { minTimestep: 0.02, maxTimestep: 0.98 } as const;

const table = [
  {
    id: 'sir',
    kind: 'reconstruction',
    title: 'SIR',
    summary: 'Iterative reconstruction: views are drawn from the prior and fitted, round by round.',
    formula: 'ρ(g(θ) − x̂),   x̂ = sample(z_τ(g(θ)); y, s)',
    sources: ['Chen et al. 2024, MicroDreamer (arXiv 2404.19525)'],
    preset: {
      steps: 300,
      // A ball: what lies outside of it is empty at first, and costs nothing.
      field: { blobScale: 2, activeLevels: [0, 0.5, 1, 0.25] },
      // Often at first: until empty cells are known, a step takes ten times as long.
      render: { occupancyEvery: [0.2, 1, 4, 0.2] },
      guidance: { scale: 4, rescale: 0 },
      optim: {
        tableLearningRate: [0.5, 0.02, 0.003, 1],
        mlpLearningRate: [0.5, 0.005, 0.001, 1],
      },
      loss: { opaque: [0.4, 0, 0.2, 0.9], nearness: [0.2, 0.003, 0.0003, 0.8] },
    },
    // Fifty rounds of fifteen fits, each to the newest views alone.
    textbook: {
      ...plain,
      steps: 1600,
      guidance: { ...plain.guidance, scale: 7.5 },
      reconstruction: {
        rounds: 50,
        firstEvaluations: 50,
        evaluations: 10,
        inversion: 5,
        timestep: [0, 0.8, 0.5, 1],
        groups: 1,
        firstFits: 0.06,
        lastFits: 0,
        charbonnier: 0.001,
      },
    },
  },
  {
    id: 'sds',
    kind: 'distillation',
    title: 'SDS',
    summary: 'Score distillation: the prediction against the noise that was added.',
    formula: 'w(τ) [ε_φ(z_τ; y) + (s − 1) (ε_φ(z_τ; y) − ε_φ(z_τ; ∅)) − ε]',
    sources: ['Poole et al. 2022, DreamFusion, eq. 3 (arXiv 2209.14988)'],
    preset: { guidance: { baseline: 'noise', scale: 4, rescale: 0.7 } },
    textbook: { ...plain, guidance: { ...plain.guidance, ...uniformTimesteps, scale: 100 } },
  },
  {
    id: 'vsd',
    kind: 'distillation',
    title: 'VSD',
    summary: 'Variational score distillation: against a second model that learns these views.',
    formula: 'w(τ) [ε_φ(z_τ; y) + (s − 1) (ε_φ(z_τ; y) − ε_φ(z_τ; ∅)) − ε_ψ(z_τ; y, c)]',
    sources: ['Wang et al. 2023, ProlificDreamer, eq. 9 (arXiv 2305.16213)'],
    preset: { guidance: { baseline: 'fake', scale: 2, rescale: 0 } },
    textbook: prolific,
  },
  {
    id: 'asd',
    kind: 'distillation',
    title: 'ASD',
    summary: 'Asynchronous score distillation: against the same model, a little noisier.',
    formula: 'w(τ) [ε_φ(z_τ; y) + (s − 1) (ε_φ(z_τ; y) − ε_φ(z_τ; ∅)) − ε_φ(z_τ⁺; y)]',
    sources: ['Ma et al. 2024, ScaleDreamer, eq. 9 (arXiv 2407.02040)'],
    preset: { guidance: { baseline: 'shifted', scale: 4, rescale: 0.7 } },
    textbook: {
      ...plain,
      guidance: {
        ...plain.guidance,
        minTimestep: [0, 0.5, 0.02, 1],
        maxTimestep: [0, 0.98, 0.5, 1],
        scale: 7.5,
        shift: 0.1,
      },
    },
  },
  {
    id: 'csd',
    kind: 'distillation',
    title: 'CSD',
    summary:
      'Classifier score distillation: guidance alone, towards the prompt and away from what is not wanted.',
    formula: 'w(τ) (s − 1) [ε_φ(z_τ; y) − (1 − a) ε_φ(z_τ; ∅) − a ε_φ(z_τ; y⁻)]',
    sources: [
      'Yu et al. 2023, Text-to-3D with classifier score distillation, eq. 8 and 14 (arXiv 2310.19415)',
    ],
    preset: {
      guidance: { lambdaDm: 0, scale: 4, rescale: 0.7, negativeShare: [0, 0, 1, 0.5] },
    },
    // The weights (1, 0, −1) of y, y⁻ and ∅ become (1, −1, 0) over the first half.
    textbook: {
      ...plain,
      guidance: {
        ...plain.guidance,
        ...uniformTimesteps,
        weighting: 'uniform',
        scale: 2,
        negativeShare: [0, 0, 1, 0.5],
      },
    },
  },
  {
    id: 'nfsd',
    kind: 'distillation',
    title: 'NFSD',
    summary:
      'Noise-free score distillation: against what the model says of bad pictures, where there is much noise.',
    formula:
      'w(τ) [ε_φ(z_τ; y) + (s − 1) (ε_φ(z_τ; y) − ε_φ(z_τ; ∅)) − [τ ≥ T/5] ε_φ(z_τ; defects)]',
    sources: ['Katzir et al. 2023, Noise-free score distillation, eq. 8 and 9 (arXiv 2310.17590)'],
    preset: { guidance: { baseline: 'defects', scale: 4, rescale: 0.7 } },
    textbook: {
      ...plain,
      guidance: {
        ...plain.guidance,
        ...uniformTimesteps,
        scale: 7.5,
        defects:
          'unrealistic, blurry, low quality, out of focus, ugly, low contrast, dull, dark, low-resolution, gloomy',
      },
    },
  },
  {
    id: 'sdi',
    kind: 'distillation',
    title: 'SDI',
    summary:
      'Score distillation via inversion: against the noise that DDIM, run backwards, finds in the views.',
    formula:
      'w(τ) [ε_φ(z_τ; y) + (s − 1) (ε_φ(z_τ; y) − ε_φ(z_τ; ∅)) − κ(x)],  z_τ = α_τ x + σ_τ κ(x)',
    sources: [
      'Lukoianov et al. 2024, Score distillation via reparametrized DDIM, eq. 10 (arXiv 2405.15891)',
    ],
    preset: {
      guidance: {
        noise: 'inverted',
        scale: 4,
        rescale: 0.7,
        inversionSteps: 5,
        inversionScale: -2,
      },
    },
    // One τ, which falls over the run; the loss is half the squared distance from the clean estimate.
    textbook: {
      ...plain,
      guidance: {
        ...plain.guidance,
        minTimestep: [0, 0.98, 0.02, 1],
        maxTimestep: [0, 0.98, 0.02, 1],
        weighting: 'sigma_over_alpha',
        scale: 7.5,
        inversionSteps: 10,
        inversionScale: -7.5,
        inversionEta: 0.3,
      },
    },
  },
  {
    id: 'esd',
    kind: 'distillation',
    title: 'ESD',
    summary:
      'Entropic score distillation: VSD whose second model half forgets from where it looks, so that views differ.',
    formula:
      'w(τ) [ε_φ(z_τ; y) + (s − 1) (ε_φ(z_τ; y) − ε_φ(z_τ; ∅)) − ½ ε_ψ(z_τ; y, c) − ½ ε_ψ(z_τ; y)]',
    sources: [
      'Wang et al. 2024, Taming mode collapse in score distillation, eq. 14 (arXiv 2401.00909)',
    ],
    preset: {
      guidance: { baseline: 'fake', scale: 2, rescale: 0, fakeScale: 0.5 },
      fake: { cameraDropout: 0.5 },
    },
    textbook: {
      ...prolific,
      guidance: { ...prolific.guidance, fakeScale: 0.5 },
    },
  },
  {
    id: 'dmd',
    kind: 'distillation',
    title: 'DMD',
    summary: 'Distribution matching distillation: VSD on clean estimates, each step of one size.',
    formula:
      '[x̂_ψ(z_τ; y, c) − x̂_φ(z_τ; y) − (s − 1) (x̂_φ(z_τ; y) − x̂_φ(z_τ; ∅))] / mean |x − x̂_φ|',
    sources: [
      'Yin et al. 2024, One-step diffusion with distribution matching distillation, eq. 7 and 8 (arXiv 2311.18828)',
      'Yin et al. 2024, DMD2, section 4 (arXiv 2405.14867)',
    ],
    preset: { guidance: matching },
    // Two time scales: ψ takes ten steps for one of the generator, as for Stable Diffusion 1.5 in DMD2.
    textbook: {
      ...plain,
      guidance: {
        ...plain.guidance,
        ...uniformTimesteps,
        weighting: 'sigma_over_alpha',
        scale: 1.75,
      },
      fake: { learningRate: 0.00001, updates: 10 },
    },
  },
  {
    id: 'decoupled-dmd',
    kind: 'distillation',
    title: 'Decoupled DMD',
    summary: 'Matching at every noise level, guidance at its own, which narrows to the low ones.',
    formula:
      "w(τ) λ_DM [ε_φ(z_τ; y) − ε_ψ(z_τ; y, c)] + w(τ') (s − 1) [ε_φ(z_τ'; y) − ε_φ(z_τ'; ∅)]",
    sources: ['Liu et al. 2025, Decoupled DMD, eq. 6 to 8 and algorithm 1 (arXiv 2511.22677)'],
    preset: {
      guidance: {
        ...uniformTimesteps,
        baseline: 'fake',
        scale: 2,
        rescale: 0,
        sharedTimestep: false,
      },
    },
    textbook: {
      ...plain,
      guidance: {
        ...plain.guidance,
        minTimestep: 0,
        maxTimestep: 1,
        cfgMinTimestep: 0,
        cfgMaxTimestep: [0, 1, 0.25, 1],
        weighting: 'sigma_over_alpha',
        normalise: true,
        scale: 4,
      },
      fake: { learningRate: 0.00001, updates: 5 },
    },
  },
  {
    id: 'dmdr',
    kind: 'distillation',
    title: 'DMDR',
    summary:
      'DMD with a reward in the loop: once the views have formed, a network that judges them is climbed, too.',
    formula:
      '[x̂_ψ(z_τ; y, c) − x̂_φ(z_τ; y) − (s − 1) (x̂_φ(z_τ; y) − x̂_φ(z_τ; ∅))] / mean |x − x̂_φ| − ρ ∂R/∂x',
    sources: [
      'Jiang et al. 2025, Distribution matching distillation meets reinforcement learning (arXiv 2511.13649)',
    ],
    preset: { guidance: matching, reward: { weight: [0.5, 0, 0.1, 0.5], clip: 0.5 } },
    // As for Stable Diffusion 3.5: high noise first, and the reward in the last of three thousand steps.
    textbook: {
      ...plain,
      guidance: {
        ...plain.guidance,
        minTimestep: [0, 0.5, 0.02, 0.67],
        maxTimestep: 0.98,
        weighting: 'sigma_over_alpha',
        scale: 4,
      },
      fake: { rank: 32, learningRate: 0.00001, updates: 5 },
      reward: { weight: [0.67, 0, 0.1, 0.67], clip: 100 },
    },
  },
] as const satisfies readonly Method[];

export type MethodId = (typeof table)[number]['id'];

/** All methods: whoever names, lists or explains them reads this. */
export const methods: readonly Method<MethodId>[] = table;

export const methodIds: readonly MethodId[] = table.map(({ id }) => id);

/** @throws SettingsError when there is none of that name. */
export function methodOf(id: string): Method<MethodId> {
  const found = methods.find((method) => method.id === id);
  if (found) return found;
  throw new SettingsError(`Unknown method '${id}'.`, `Choose one of ${methodIds.join(', ')}.`);
}
