import { group, number, text } from '../schema';

/** What can be distilled: a row of data. */
export interface GeneratorKind<Id extends string = string> {
  readonly id: Id;
  readonly title: string;
  /** One sentence. */
  readonly summary: string;
  /** Its settings, where they differ from the defaults. */
  readonly preset: { readonly steps?: number };
}

const table = [
  {
    id: 'field',
    title: '3D object',
    summary: 'A radiance field, seen from all around.',
    preset: {},
  },
  {
    id: 'pixels',
    title: 'Pictures',
    summary: "Free pictures, one for each of the prior's views, with no object behind them.",
    // Every picture is seen at every step: they are done sooner than an object. Later steps of VSD add noise alone.
    preset: { steps: 80 },
  },
] as const satisfies readonly GeneratorKind[];

export type GeneratorId = (typeof table)[number]['id'];

/** All generators: whoever names or lists them reads this. */
export const generators: readonly GeneratorKind<GeneratorId>[] = table;

export const generatorIds: readonly GeneratorId[] = table.map(({ id }) => id);

/** What a run's field is before its first step. */
export const startSettings = group('Start', {
  source: text({
    default: 'none',
    maxLength: 1000,
    label: 'Object',
    help: 'an object of your own that the run starts from; none starts from a cloud',
  }),
  noise: number({
    default: 0.6,
    min: 0,
    max: 1,
    label: 'Noise',
    help: 'share of noise in which reconstruction begins to draw it anew; with 1 nothing of it stays',
  }),
});

/** The settings of a run that starts from an object, where they differ: there is no cloud, and no coarse beginning. */
export const startPreset = { field: { blobScale: 0, activeLevels: 1 } } as const;
