import { basename } from 'node:path';
import { fitSettings, knownSize } from '../fit/fit';
import { type UpAxis, upAxes } from '../object/read_object';
import {
  type Entry,
  migrated,
  presetOf,
  presets,
  type Settings,
  SettingsError,
  settingEntries,
} from '../settings';
import { type Flags, numberFlag, type Parsed } from './flags';
import { machineFlags } from './machine';
import { givenSettings } from './options';

/** What every command that fits takes beside settings. */
export const fitFlags: Flags = {
  size: {
    value: 'N',
    text: 'side of the views that the field is fitted to (default: 128 pixels, 512 with --preset high)',
  },
  preset: { value: 'NAME', text: `settings to start from: ${Object.keys(presets).join(', ')}` },
  up: { value: 'AXIS', text: `which axis of the file is up: ${upAxes.join(', ')} (default: auto)` },
  adapter: machineFlags.adapter!,
};

/** @throws SettingsError for an axis that is none. */
export function upAxisOf(parsed: Parsed): UpAxis {
  const given = parsed.get('up') ?? 'auto';
  const axis = upAxes.find((known) => known === given);
  if (axis) return axis;
  throw new SettingsError(`Unknown axis '${given}'.`, `Choose one of ${upAxes.join(', ')}.`);
}

/** Settings that a fit depends on; the others are about the prior, or about other formats. */
export const fitEntries: readonly Entry[] = settingEntries.filter(({ path }) =>
  /^(seed|steps|field\..*|render\.(samples|size|occ).*|optim\.(table|mlp).*|loss\.nearness|mesh\.(res|smooth|tri|tex).*)$/.test(
    path,
  ),
);

/** What a fit's settings are when nothing is given. */
export const fitDefaults = fitSettings({ prompt: 'an object' });

/** How an object is to be fitted. */
export interface FitOptions {
  readonly file: string;
  readonly preset: string;
  readonly settings: Settings;
  /** Side of the known views in pixels. */
  readonly size: number;
}

/** A file's name without its extension: what its object is called. */
export const objectName = (file: string): string => basename(file).replace(/\.\w+$/, '');

/** @throws SettingsError for a value that does not fit. */
export function fitOptions(parsed: Parsed, file: string): FitOptions {
  const preset = parsed.get('preset') ?? 'default';
  const given = givenSettings(parsed, fitEntries);
  const settings = fitSettings(presetOf(preset), given, { prompt: objectName(file) });
  const size = Math.round(numberFlag(parsed, 'size', knownSize(settings), 16, 65536));
  return { file, preset, settings, size };
}

/** The settings that a fit's record holds: all but those of the prior and of its prompt. */
export const recordedSettings = ({ seed, steps, field, render, optim, loss, mesh }: Settings) => ({
  seed,
  steps,
  field,
  render,
  optim,
  loss,
  mesh,
});

/** What {@link recordedSettings} was when a record was written, perhaps by an earlier version. */
export function settingsOfRecord(written: object, prompt: string) {
  // Before losses had a group, a fit noted the weights of these and did not use them.
  const unused = 'loss' in written ? {} : { loss: { sparsity: 0, opaque: 0 } };
  return recordedSettings(fitSettings(migrated(written), unused, { prompt }));
}
