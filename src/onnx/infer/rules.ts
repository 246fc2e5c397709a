/** Every operator whose output types this library can infer. */
import { elementwiseTypes } from './elementwise';
import { layoutTypes } from './layout';
import { networkTypes } from './network';
import type { InferRule } from './rule';

export const inferRules: Readonly<Record<string, InferRule>> = {
  ...elementwiseTypes,
  ...layoutTypes,
  ...networkTypes,
};
