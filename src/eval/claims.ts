import type { PartialSettings } from '../settings';
import { type EvaluatedMethod, priorMethod } from './cell';

/** A way of making objects, to be compared with others. */
export interface Variant {
  /** Names its folder. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly method: EvaluatedMethod;
  /** Over those that are given. */
  readonly settings: PartialSettings;
}

/** What the literature says of score distillation, and what shows whether it is so. */
export interface Claim {
  readonly says: string;
  readonly source: string;
  readonly variants: readonly Variant[];
}

/** The equations as the papers have them, at every noise level. */
export const equation = {
  guidance: {
    threshold: false,
    rescale: 0,
    limited: false,
    settle: 0,
    minTimestep: 0.02,
    maxTimestep: 0.98,
  },
} as const satisfies PartialSettings;

type Guidance = NonNullable<PartialSettings['guidance']>;

const variant = (id: string, name: string, method: EvaluatedMethod, guidance: Guidance) => ({
  ...{ id, name, method },
  settings: { guidance: { ...equation.guidance, ...guidance } },
});

const [sds1, sds4, sds16, sds100] = [1, 4, 16, 100].map((scale) =>
  variant(`sds-${scale}`, `SDS, s = ${scale}`, 'sds', { scale }),
) as [Variant, Variant, Variant, Variant];
/** ProlificDreamer's. */
const scale = 7.5;
const vsd = variant('vsd', 'VSD: matching and guidance', 'vsd', { scale });
const guidance = variant('guidance', 'guidance alone', 'sds', { scale, lambdaDm: 0 });
const matching = variant('matching', 'matching alone', 'vsd', { scale: 1 });
const guidedAt = (id: string, cfgMinTimestep: number, cfgMaxTimestep: number) =>
  variant(id, `guidance at τ' in [${cfgMinTimestep}, ${cfgMaxTimestep}]`, 'decoupled-dmd', {
    ...{ scale, cfgMinTimestep, cfgMaxTimestep },
  });
const prior = variant(priorMethod, "the prior's own samples", priorMethod, {});

/** The claims that objects decide; those about a single gradient are `probe`'s. */
export const claims: readonly Claim[] = [
  {
    says: 'SDS needs a large guidance scale',
    source: 'Poole et al. 2022, DreamFusion, section 3.2 and appendix (arXiv 2209.14988)',
    variants: [sds1, sds4, sds16, sds100],
  },
  {
    says: 'Guidance alone collapses, matching alone is weak',
    source: 'Liu et al. 2025, Decoupled DMD, section 3 (arXiv 2511.22677)',
    variants: [vsd, guidance, matching],
  },
  {
    says: 'Guidance at high noise gives layout, at low noise detail',
    source: 'Liu et al. 2025, Decoupled DMD, section 4 (arXiv 2511.22677)',
    variants: [matching, guidedAt('high', 0.6, 0.98), guidedAt('low', 0.02, 0.3)],
  },
  {
    says: 'Reverse KL loses diversity',
    source: 'Wang et al. 2023, ProlificDreamer, section 3 (arXiv 2305.16213)',
    variants: [prior, sds16, vsd],
  },
];

/** Every variant once. */
export const variants: readonly Variant[] = [...new Set(claims.flatMap((claim) => claim.variants))];
