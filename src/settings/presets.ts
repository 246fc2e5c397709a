import { SettingsError } from '../schema';
import type { PartialSettings } from './settings';

/** What both presets for Stable Diffusion make of the field, and of how it is guided. */
const latentField = {
  field: { levels: 16, log2TableSize: 19, maxResolution: 512, hidden: 64 },
  render: { samplesPerRay: 128, occupancyResolution: 64 },
} as const satisfies PartialSettings;
const latentGuidance = {
  ...{ rescale: 0, threshold: false, limited: false, settle: 0 },
  ...{ weighting: 'sigma_squared', minTimestep: 0.02 },
} as const satisfies PartialSettings['guidance'];

export const presets = {
  default: {},
  fast: { steps: 250 },
  high: {
    steps: 1000,
    field: { levels: 16, log2TableSize: 19, maxResolution: 512, hidden: 64 },
    render: {
      samplesPerRay: 128,
      // 128 pixels for three tenths of the run, 256 up to seven tenths, then 512.
      size: [0.1, 128, 512, 0.7],
      occupancyResolution: 64,
    },
    mesh: { resolution: 256 },
  },
  // For Stable Diffusion, after threestudio's configurations of the same names. Its losses are sums over the 64 by 64
  // latents where ours are means: what counts 1 there counts 1/4096 here.
  dreamfusion: {
    method: 'sds',
    steps: 10_000,
    ...latentField,
    guidance: { scale: 100, ...latentGuidance, maxTimestep: 0.98 },
    loss: { sparsity: 0.00025, opaque: 0, nearness: 0 },
    mesh: { resolution: 256 },
  },
  prolificdreamer: {
    method: 'vsd',
    steps: 25_000,
    ...latentField,
    guidance: { scale: 7.5, ...latentGuidance, maxTimestep: [0.2, 0.98, 0.5, 0.2] },
    fake: { rank: 4, learningRate: 0.0001, updates: 1, cameraDropout: 0.1 },
    loss: { sparsity: 0.0025, opaque: 0, nearness: 0 },
    mesh: { resolution: 256 },
  },
  tiny: {
    steps: 40,
    field: { levels: 4, log2TableSize: 12, maxResolution: 32 },
    render: { samplesPerRay: 32, occupancyResolution: 16 },
    mesh: { resolution: 48 },
  },
} as const satisfies Record<string, PartialSettings>;

export type Preset = keyof typeof presets;

/** The settings of a preset. @throws SettingsError when there is none of that name. */
export function presetOf(name: string): PartialSettings {
  if (!Object.hasOwn(presets, name)) {
    throw new SettingsError(
      `Unknown preset '${name}'.`,
      `Choose one of ${Object.keys(presets).join(', ')}.`,
    );
  }
  return presets[name as Preset];
}
