/**
 * Everything that decides a run, in one plain object. The panel, the command line's flags, the share
 * link and run.json are four views of it; a run is reproducible from it, the model and the adapter.
 */

import type { FieldOptions } from './field/options';
import { formats, type MeshFormat } from './mesh/formats';

/**
 * A number, or a number that changes over a run: `[start, v0, v1, end]` holds v0 until `start`, moves
 * linearly to v1 at `end` and stays. `start` and `end` are fractions of the run in [0, 1], so that a
 * short run passes through the same phases as a long one (threestudio counts steps instead).
 */
export type Schedule = number | readonly [start: number, v0: number, v1: number, end: number];

export type Method = 'sds' | 'vsd';

/** What the noise prediction is compared with: the noise itself (SDS) or the fake score (VSD). */
export type Baseline = 'noise' | 'fake';

/** w(τ) of the objective: sigma squared (DreamFusion), one, or sigma·alpha. */
export type Weighting = 'sigma_squared' | 'uniform' | 'sigma_alpha';

export interface Settings {
  readonly prompt: string;
  readonly method: Method;
  readonly seed: number;
  readonly steps: number;
  readonly field: Omit<FieldOptions, 'densityActivation' | 'interpolation'> & {
    /** Share of the levels that take part, coarse to fine. */
    readonly activeLevels: Schedule;
  };
  readonly render: {
    readonly samplesPerRay: number;
    /**
     * Side in pixels that a prior's views are rendered at, to be averaged down to what its denoiser sees; it
     * doubles from there, to at most this. 0: what the denoiser sees. A fit's rays are as dense.
     */
    readonly size: Schedule;
    readonly raysPerPixel: number;
    readonly occupancyResolution: number;
    readonly occupancyEvery: number;
  };
  readonly guidance: {
    readonly baseline: Baseline;
    /** Weight of ε_φ(z_τ; y) − b, the distribution-matching term λ_DM. */
    readonly matching: number;
    /** Classifier-free guidance scale s; λ_CA = s − 1 weighs ε_φ(z_τ; y) − ε_φ(z_τ; ∅). */
    readonly scale: Schedule;
    /** False: the two terms draw their own τ and noise (Decoupled DMD). */
    readonly sharedTimestep: boolean;
    /** Bounds of τ as fractions of the model's timesteps. */
    readonly minTimestep: Schedule;
    readonly maxTimestep: Schedule;
    readonly weighting: Weighting;
    /**
     * Share of the run in which cameras and noise stay those of step 0: the views settle on one object,
     * as they do when the prior is sampled, before they are looked at from elsewhere.
     */
    readonly settle: number;
  };
  readonly fake: {
    readonly rank: number;
    readonly learningRate: Schedule;
    /** Denoising steps of ψ for each step of the field. */
    readonly updates: number;
  };
  readonly optim: {
    readonly tableLearningRate: Schedule;
    readonly mlpLearningRate: Schedule;
    readonly sparsity: Schedule;
    readonly opaque: Schedule;
  };
  readonly mesh: {
    readonly resolution: number;
    /**
     * Deviation of the Gaussian that the solid is blurred with, in pixels of the prior's views: it has asked for no
     * finer detail. Thin parts become about as wide as it.
     */
    readonly blur: number;
    readonly smooth: number;
    readonly format: MeshFormat;
    /** Triangles to simplify to; 0 keeps them as extracted. */
    readonly triangles: number;
    /** Side of the baked texture; 0 for vertex colours where the format has them. */
    readonly texture: number;
  };
}

export const methods: Readonly<Record<Method, PartialSettings>> = {
  sds: { guidance: { baseline: 'noise', scale: 4 } },
  vsd: { guidance: { baseline: 'fake', scale: 2 } },
};

export const defaults: Settings = {
  prompt: '',
  method: 'sds',
  seed: 0,
  steps: 500,
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
    matching: 1,
    scale: 4,
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
    sparsity: 0,
    // Last, mist and soft edges become either object or nothing.
    opaque: [0.6, 0, 0.1, 0.9],
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

/** Longest prompt that is accepted, in characters; the text encoder reads fewer tokens still. */
export const maxPromptLength = 1000;

/** Settings with any part left out. */
export type PartialSettings = {
  readonly [K in keyof Settings]?: Settings[K] extends string | number
    ? Settings[K]
    : Partial<Settings[K]>;
};

/** Thrown for a setting that does not exist or cannot hold the value; names it and says what would do. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/**
 * Defaults, then the method's preset, then `overrides` in order; the method is the last one given.
 * @throws SettingsError for unknown keys, values of the wrong kind or out of range.
 */
export function makeSettings(...overrides: readonly PartialSettings[]): Settings {
  const method = overrides.reduce<Method>((m, o) => o.method ?? m, defaults.method);
  if (!Object.hasOwn(methods, method)) {
    throw new SettingsError(
      `Unknown method '${method}': choose one of ${Object.keys(methods).join(', ')}.`,
    );
  }
  const settings = [methods[method], ...overrides].reduce<Settings>(
    (merged, part) => merge(merged, part, '') as Settings,
    defaults,
  );
  validate(settings);
  return settings;
}

/** The settings of a preset. @throws SettingsError when there is none of that name. */
export function presetOf(name: string): PartialSettings {
  if (!Object.hasOwn(presets, name)) {
    throw new SettingsError(
      `Unknown preset '${name}': choose one of ${Object.keys(presets).join(', ')}.`,
    );
  }
  return presets[name as Preset];
}

/** The largest value that a schedule takes. */
export const most = (schedule: Schedule): number =>
  typeof schedule === 'number' ? schedule : Math.max(schedule[1], schedule[2]);

/** The value of a schedule after `step` of `steps` steps. */
export function scheduled(schedule: Schedule, step: number, steps: number): number {
  if (typeof schedule === 'number') return schedule;
  const [start, v0, v1, end] = schedule;
  const at = steps > 0 ? step / steps : 0;
  if (at <= start) return v0;
  if (at >= end) return v1;
  return v0 + ((v1 - v0) * (at - start)) / (end - start);
}

type Tree = { readonly [key: string]: unknown };

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function merge(base: unknown, part: unknown, path: string): unknown {
  if (part === undefined) return base;
  if (!isTree(base)) return checked(base, part, path);
  if (!isTree(part))
    throw new SettingsError(`Setting '${path.slice(0, -1)}' is a group of settings.`);
  for (const key of Object.keys(part)) {
    if (!Object.hasOwn(base, key)) {
      throw new SettingsError(
        `Unknown setting '${path}${key}': there are ${Object.keys(base).join(', ')}.`,
      );
    }
  }
  return Object.fromEntries(
    Object.entries(base).map(([key, value]) => [key, merge(value, part[key], `${path}${key}.`)]),
  );
}

/** Schedules may stand where the default is a number and the other way round; all else keeps its type. */
function checked(base: unknown, value: unknown, path: string): unknown {
  const name = path.slice(0, -1);
  const numeric = typeof base === 'number' || Array.isArray(base);
  if (numeric && Array.isArray(value)) {
    if (!schedulePaths.has(name)) throw new SettingsError(`Setting '${name}' takes one number.`);
    if (value.length === 4 && value.every(Number.isFinite) && value[0] <= value[3]) return value;
    throw new SettingsError(
      `Setting '${name}' takes a number or [start, v0, v1, end] with start <= end, not ${JSON.stringify(value)}.`,
    );
  }
  const expected = numeric ? 'number' : typeof base;
  if (typeof value === expected && (!numeric || Number.isFinite(value))) return value;
  throw new SettingsError(`Setting '${name}' takes a ${expected}, not ${JSON.stringify(value)}.`);
}

/**
 * Settings by dotted path, `field.levels`, in the order of the object: what flags, links and panels
 * are made from.
 */
export function settingEntries(settings: PartialSettings): [path: string, value: unknown][] {
  const leaves = (node: Tree, prefix: string): [string, unknown][] =>
    Object.entries(node).flatMap(([key, value]) =>
      isTree(value) ? leaves(value, `${prefix}${key}.`) : [[prefix + key, value]],
    );
  return leaves(settings as Tree, '');
}

/** The inverse of {@link settingEntries}; `makeSettings` checks what comes out. */
export function settingsFrom(
  entries: Iterable<readonly [path: string, value: unknown]>,
): PartialSettings {
  const root: Record<string, unknown> = {};
  for (const [path, value] of entries) {
    const keys = path.split('.');
    const last = keys.pop()!;
    let node = root;
    for (const key of keys) {
      if (!Object.hasOwn(node, key) || !isTree(node[key])) node[key] = {};
      node = node[key] as Record<string, unknown>;
    }
    node[last] = value;
  }
  return root as PartialSettings;
}

/** Settings that may be schedules. */
export const schedulePaths: ReadonlySet<string> = new Set([
  'field.activeLevels',
  'render.size',
  'guidance.scale',
  'guidance.minTimestep',
  'guidance.maxTimestep',
  'fake.learningRate',
  'optim.tableLearningRate',
  'optim.mlpLearningRate',
  'optim.sparsity',
  'optim.opaque',
]);

const between = (low: number, high: number) => (value: number) => value >= low && value <= high;

/** Bounds of single values, both included. */
export const settingBounds: readonly [path: string, low: number, high: number, integer: boolean][] =
  [
    ['seed', 0, 0xffffffff, true],
    ['steps', 1, 100_000, true],
    ['field.levels', 1, 16, true],
    ['field.log2TableSize', 8, 22, true],
    ['field.minResolution', 2, 512, true],
    ['field.maxResolution', 2, 4096, true],
    ['field.hidden', 16, 64, true],
    ['field.blobScale', 0, 100, false],
    ['field.blobStd', 0.05, 2, false],
    ['render.samplesPerRay', 8, 1024, true],
    ['render.raysPerPixel', 1, 16, true],
    ['render.occupancyResolution', 8, 128, true],
    ['render.occupancyEvery', 1, 1000, true],
    ['guidance.matching', 0, 100, false],
    ['guidance.settle', 0, 1, false],
    ['fake.rank', 1, 64, true],
    ['fake.updates', 0, 16, true],
    ['mesh.resolution', 8, 512, true],
    ['mesh.blur', 0, 4, false],
    ['mesh.smooth', 0, 100, true],
    ['mesh.triangles', 0, 1_000_000, true],
    ['mesh.texture', 0, 8192, true],
  ];

/** The largest side of views, in pixels. */
const largestSize = 1024;

/** Settings whose 0 means none, with the least that is not none. */
const leastUnlessZero: readonly [path: string, least: number][] = [
  ['mesh.triangles', 4],
  ['mesh.texture', 64],
];

/** What a setting that is a word may be. */
export const settingChoices: Readonly<Record<string, readonly string[]>> = {
  'guidance.baseline': ['noise', 'fake'],
  'guidance.weighting': ['sigma_squared', 'uniform', 'sigma_alpha'],
  'mesh.format': formats,
};

function validate(settings: Settings): void {
  const at = (path: string) =>
    path.split('.').reduce<unknown>((node, key) => (node as Tree)[key], settings);
  for (const [path, low, high, integer] of settingBounds) {
    const value = at(path) as number;
    if (between(low, high)(value) && (!integer || Number.isInteger(value))) continue;
    throw new SettingsError(
      `Setting '${path}' must be ${integer ? 'a whole number' : 'a number'} from ${low} to ${high}, not ${value}.`,
    );
  }
  for (const [path, least] of leastUnlessZero) {
    const value = at(path) as number;
    if (value === 0 || value >= least) continue;
    throw new SettingsError(`Setting '${path}' must be 0 or at least ${least}, not ${value}.`);
  }
  for (const [path, allowed] of Object.entries(settingChoices)) {
    if (allowed.includes(at(path) as string)) continue;
    throw new SettingsError(
      `Setting '${path}' must be one of ${allowed.join(', ')}, not '${at(path)}'.`,
    );
  }
  for (const path of schedulePaths) {
    const value = at(path) as Schedule;
    for (const v of typeof value === 'number' ? [value] : value) {
      if (v < 0) throw new SettingsError(`Setting '${path}' must not be negative.`);
    }
  }
  if (most(settings.render.size) > largestSize) {
    throw new SettingsError(`Setting 'render.size' must not exceed ${largestSize}.`);
  }
  validatePrompt(settings.prompt);
}

/** @throws SettingsError for a prompt that says nothing or is a document rather than a prompt. */
export function validatePrompt(prompt: string): void {
  if (prompt.trim() === '') {
    throw new SettingsError('The prompt is empty: describe one object, for example "a pine tree".');
  }
  if (prompt.length > maxPromptLength) {
    throw new SettingsError(
      `The prompt has ${prompt.length} characters; at most ${maxPromptLength} are accepted: name one object in a short phrase.`,
    );
  }
}
