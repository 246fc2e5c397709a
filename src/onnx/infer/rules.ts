/** Every operator whose output types this library can infer. */
import { elementwise } from './elementwise';
import { layout } from './layout';
import { network } from './network';
import type { InferRule } from './rule';

export const inferRules: Readonly<Record<string, InferRule>> = {
  ...elementwise,
  ...layout,
  ...network,
};
