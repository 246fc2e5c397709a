import { type Method, type PartialSettings, type Settings, SettingsError } from './settings';

export const methods: Readonly<Record<Method, PartialSettings>> = {
  sds: { guidance: { baseline: 'noise', scale: 4, rescale: 0.7 } },
  vsd: { guidance: { baseline: 'fake', scale: 2, rescale: 0 } },
};

export const defaults: Settings = {
  prompt: '',
  method: 'sds',
  seed: 0,
  steps: 500,
  generator: 'field',
  field: {
    levels: 8,
    log2TableSize: 16,
    minResolution: 8,
    maxResolution: 96,
    hidden: 32,
    blobScale: 4,
    blobStd: 0.5,
    activeLevels: [0, 0.5, 1, 0.5],
  },
  render: {
    samplesPerRay: 64,
    size: 0,
    raysPerPixel: 1,
    occupancyResolution: 32,
    occupancyEvery: 8,
  },
  guidance: {
    baseline: 'noise',
    lambdaDm: 1,
    shift: 0.1,
    negative: '',
    threshold: true,
    scale: 4,
    rescale: 0.7,
    sharedTimestep: true,
    // High noise alone: it decides what the object is, while the lower levels, asked again and again
    // about a picture that is nearly right, round it off.
    minTimestep: [0, 0.85, 0.7, 0.9],
    maxTimestep: [0, 0.98, 0.8, 0.9],
    weighting: 'sigma_squared',
    settle: 0,
  },
  // A warm-up, as ProlificDreamer's: Adam's first steps are as long as its rate, whatever the gradient.
  fake: { rank: 4, learningRate: [0, 0.0005, 0.003, 0.05], updates: 4 },
  optim: {
    tableLearningRate: [0.3, 0.01, 0.001, 0.9],
    mlpLearningRate: [0.3, 0.005, 0.0005, 0.9],
    pixelLearningRate: [0.3, 0.1, 0.01, 0.9],
  },
  loss: {
    sparsity: 0,
    // Last, mist and soft edges become either object or nothing.
    opaque: [0.6, 0, 0.1, 0.9],
    nearness: 0,
  },
  mesh: { resolution: 128, blur: 0.5, smooth: 3, format: 'glb', triangles: 0, texture: 0 },
};

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
      `Unknown preset '${name}': choose one of ${Object.keys(presets).join(', ')}.`,
    );
  }
  return presets[name as Preset];
}
