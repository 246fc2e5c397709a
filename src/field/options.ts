import * as v from 'valibot';
import { complete } from '../schema';
import { type FieldSettings, fieldSettings } from './settings';

/** Size and start of a field: its settings but for what changes over a run, and what is no setting. */
export type FieldOptions = Omit<FieldSettings, 'activeLevels'> & v.InferOutput<typeof kinds>;

const kinds = v.object({
  densityActivation: v.optional(v.picklist(['softplus', 'exp']), 'softplus'),
  /** Trilinear weights, or their smoothstep. */
  interpolation: v.optional(v.picklist(['linear', 'smooth']), 'linear'),
});

/**
 * The defaults with `partial` over them.
 * @throws SettingsError naming the option that the kernels cannot take.
 */
export function fieldOptions({
  densityActivation,
  interpolation,
  ...size
}: Partial<FieldOptions>): FieldOptions {
  const { activeLevels: _, ...options } = complete(fieldSettings, size, 'field');
  return { ...options, ...complete(kinds, { densityActivation, interpolation }, 'field') };
}
