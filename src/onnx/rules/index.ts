/** The gradient of every operator that has one. */
import { convolutions } from './convolution';
import { elementwise } from './elementwise';
import { layouts } from './layout';
import { linear } from './linear';
import { normalizations } from './normalization';
import { reductions } from './reduction';
import { resampling } from './resampling';
import type { GradientRule } from './rule';

export const gradientRules: Readonly<Record<string, GradientRule>> = {
  ...elementwise,
  ...linear,
  ...convolutions,
  ...normalizations,
  ...reductions,
  ...resampling,
  ...layouts,
};
