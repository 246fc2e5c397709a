import { formats } from '../mesh/export/formats';
import type { Tree } from './entries';
import { validatePrompt } from './prompt';
import { most, type Schedule } from './schedule';
import { type Settings, SettingsError } from './settings';

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
  'optim.pixelLearningRate',
  'loss.sparsity',
  'loss.opaque',
  'loss.nearness',
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
    ['guidance.lambdaDm', 0, 100, false],
    ['guidance.rescale', 0, 1, false],
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
  generator: ['field', 'pixels'],
  'guidance.baseline': ['noise', 'fake', 'shifted'],
  'guidance.weighting': ['sigma_squared', 'uniform', 'sigma_alpha'],
  'mesh.format': formats,
};

/** @throws SettingsError for a value that is out of bounds or no choice. */
export function validate(settings: Settings): void {
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
