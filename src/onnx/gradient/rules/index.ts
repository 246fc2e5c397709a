/** The gradient of every operator that has one. */
import { convolutionGradients } from './convolution';
import { elementwiseGradients } from './elementwise';
import { layoutGradients } from './layout';
import { linearGradients } from './linear';
import { normalizationGradients } from './normalization';
import { reductionGradients } from './reduction';
import { resamplingGradients } from './resampling';
import type { GradientRule } from './rule';

export const gradientRules: Readonly<Record<string, GradientRule>> = {
  ...elementwiseGradients,
  ...linearGradients,
  ...convolutionGradients,
  ...normalizationGradients,
  ...reductionGradients,
  ...resamplingGradients,
  ...layoutGradients,
};
