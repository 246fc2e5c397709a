import {
  byGroup,
  defaults,
  type Entry,
  methods,
  type PartialSettings,
  presets,
  settingEntries,
  settingValues,
  toText,
} from '../../src/settings';

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

const table = (heads: readonly string[], rows: readonly (readonly string[])[]) =>
  [row(heads), row(heads.map(() => '---')), ...rows.map(row)].join('\n');

const code = (text: string) => (text ? `\`${text}\`` : '');

const given = (settings: PartialSettings) =>
  settingValues(settings)
    .map(([path, value]) => code(`${path} ${toText(value)}`))
    .join(', ') || 'the defaults';

function valuesOf({ kind, range, takes }: Entry['control']): string {
  if (kind === 'schedule') return `${range}, or a schedule`;
  return kind === 'text' ? 'a text' : range || takes;
}

function groupTable(group: string, entries: readonly Entry[]): string {
  const rows = entries.map(({ path, help, control, default: value }) => [
    code(path),
    code(toText(value)),
    valuesOf(control),
    help,
  ]);
  return `### ${group || 'The run'}\n\n${table(['setting', 'default', 'values', 'what it is'], rows)}`;
}

/** docs/settings.md: every setting, preset and method, from where they are defined. */
export function settingsPage(): string {
  return `${[
    '# Settings',
    'A test writes this page from the schemas (`src/*/settings.ts`), the presets (`src/settings/presets.ts`) and the\n' +
      'methods (`src/guidance/methods.ts`): `node scripts/test.mjs tests/settings -u`.',
    'Every setting is a flag of `npm run generate`, `--field.levels 12`, a control in the panel of the page, a part of\n' +
      'its links, and a line of `run.json`. Settings are the defaults, then those of the method, then those of the preset,\n' +
      'then what was given. `npm run fit -- --help` lists those of a fit, whose defaults are its own.',
    'A schedule, a value that changes over a run, is `[start, v0, v1, end]`: v0 until `start`, then linearly to v1 at\n' +
      '`end`. Both are shares of the run, so that a short run passes through the same phases as a long one.',
    '## Methods',
    table(
      ['`--method`', 'name', 'what it does', 'descends along', 'from', 'sets'],
      methods.map(({ id, title, summary, formula, sources, preset }) => [
        code(id),
        title,
        summary,
        formula,
        sources.join('; '),
        given(preset),
      ]),
    ),
    '## Presets',
    table(
      ['`--preset`', 'steps', 'sets'],
      Object.entries<PartialSettings>(presets).map(([name, settings]) => [
        code(name),
        String(settings.steps ?? defaults.steps),
        given(settings),
      ]),
    ),
    '`high` is for a GPU. The priors see 32 x 32 or 64 x 64 pixels: `generate` averages each from several rays, up to 256\n' +
      'or 64, so that they are shown the field without the noise of single rays, but they do not come to know more detail\n' +
      'than they were trained on. A `fit` does: to known views of 512 pixels, by 2,048, 8,192, then 32,768 rays a step.\n' +
      'Points beyond what one buffer can be bound with are worked through in tiles ([method.md](method.md)).',
    '## Every setting',
    ...byGroup(settingEntries).map(([group, members]) => groupTable(group, members)),
  ].join('\n\n')}\n`;
}
