import { basename } from 'node:path';
import { fitSettings, knownSize } from '../fit/fit';
import { presetOf, presets, type Settings, settingEntries } from '../settings';
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
  adapter: machineFlags.adapter!,
};

/** Settings that a fit depends on; the others are about the prior, or about other formats. */
export const fitSettingFlags = settingEntries(fitSettings({ prompt: 'an object' })).filter(
  ([name]) =>
    /^(seed|steps|field\..*|render\.(samples|size|occ).*|optim\.(.*Rate|nearness)|mesh\.(res|smooth|tri|tex).*)$/.test(
      name,
    ),
);

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
  const given = givenSettings(parsed, fitSettingFlags);
  const settings = fitSettings(presetOf(preset), given, { prompt: objectName(file) });
  const size = Math.round(numberFlag(parsed, 'size', knownSize(settings), 16, 65536));
  return { file, preset, settings, size };
}

/** The settings that a fit's record holds: all but those of the prior and of its prompt. */
export const recordedSettings = ({ seed, steps, field, render, optim, mesh }: Settings) => ({
  seed,
  steps,
  field,
  render,
  optim,
  mesh,
});
