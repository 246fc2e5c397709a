import * as v from 'valibot';
import { fieldSettings } from '../field/settings';
import { generatorIds, startSettings } from '../generator/settings';
import { methodIds } from '../guidance/methods';
import { guidanceSettings, reconstructionSettings, rewardSettings } from '../guidance/settings';
import { meshSettings } from '../mesh/settings';
import { optimSettings } from '../optim/settings';
import { exemplarSettings, fakeSettings } from '../prior/settings';
import { lossSettings, renderSettings } from '../render/settings';
import { choice, complete, entriesOf, group, integer, text } from '../schema';
import { maxPromptLength } from './prompt';

/**
 * Everything that decides a run, in one plain object, each group as its room defines it. The panel, the
 * command line's flags, the share link, run.json and docs/settings.md are views of it; a run is
 * reproducible from it, the model and the adapter.
 */
export const settingsSchema = group('Settings', {
  prompt: text({
    default: '',
    maxLength: maxPromptLength,
    label: 'Prompt',
    help: 'the object in a few words',
  }),
  method: choice({
    default: 'sir',
    choices: methodIds,
    label: 'Method',
    help: 'how it is made; brings settings of its own',
  }),
  seed: integer({ default: 0, min: 0, max: 0xffffffff, label: 'Seed', help: 'random seed' }),
  steps: integer({
    default: 500,
    min: 1,
    max: 100_000,
    label: 'Steps',
    help: 'steps in all: of the field, and where views are drawn, of drawing them',
  }),
  generator: choice({
    default: 'field',
    choices: generatorIds,
    label: 'Generator',
    help: 'what is distilled: a field, or as many free pictures as the prior has views',
  }),
  particles: integer({
    default: 1,
    min: 1,
    max: 4,
    label: 'Particles',
    help: 'generators that take turns, a step each, and share one fake score; each needs memory of its own',
  }),
  start: startSettings,
  field: fieldSettings,
  render: renderSettings,
  guidance: guidanceSettings,
  exemplar: exemplarSettings,
  reconstruction: reconstructionSettings,
  fake: fakeSettings,
  reward: rewardSettings,
  optim: optimSettings,
  loss: lossSettings,
  mesh: meshSettings,
});

export type Settings = v.InferOutput<typeof settingsSchema>;

/** Settings with any part left out. */
export type PartialSettings = {
  readonly [K in keyof Settings]?: Settings[K] extends object ? Partial<Settings[K]> : Settings[K];
};

export const defaults: Settings = complete(settingsSchema, v.getDefaults(settingsSchema));

/** Every setting, in the order of the schema. */
export const settingEntries = entriesOf(settingsSchema);
