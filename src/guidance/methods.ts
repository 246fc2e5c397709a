import type { FieldSettings } from '../field/settings';
import type { OptimSettings } from '../optim/settings';
import type { FakeSettings } from '../prior/settings';
import type { LossSettings, RenderSettings } from '../render/settings';
import { SettingsError } from '../schema';
import type { GuidanceSettings, ReconstructionSettings } from './settings';

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
      field: { blobScale: 0, activeLevels: [0, 0.5, 1, 0.25] },
      // At once: until the first empty cells are known, a step costs five times as much.
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
    textbook: {
      ...plain,
      // The upper bound falls after a fifth of the run.
      guidance: {
        ...plain.guidance,
        minTimestep: 0.02,
        maxTimestep: [0.2, 0.98, 0.5, 0.2],
        scale: 7.5,
      },
      fake: { learningRate: 0.0001, updates: 1 },
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
