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
