import type { FieldOptions } from './options';

/** Features of a table entry. */
export const featuresPerLevel = 2;

/** Geometry of one level of the hash grid. */
export interface Level {
  /** Cells along an edge, N. */
  readonly resolution: number;
  /** Every vertex has its own entry; else entries are shared by a hash. */
  readonly dense: boolean;
  /** First entry in the table. */
  readonly offset: number;
  /** Entries, a multiple of 8. */
  readonly entries: number;
}

/**
 * Levels from coarse to fine: N grows geometrically from `minResolution` to `maxResolution`
 * (Müller et al. 2022, equations 2 and 3). A level is dense when its (N + 1)^3 vertices fit.
 */
export function gridLevels(options: FieldOptions): Level[] {
  const { levels, minResolution, maxResolution } = options;
  const capacity = 2 ** options.log2TableSize;
  const growth = levels > 1 ? (maxResolution / minResolution) ** (1 / (levels - 1)) : 1;
  const list: Level[] = [];
  let offset = 0;
  for (let l = 0; l < levels; l++) {
    const resolution = Math.round(minResolution * growth ** l);
    const vertices = (resolution + 1) ** 3;
    const dense = vertices <= capacity;
    const entries = dense ? Math.ceil(vertices / 8) * 8 : capacity;
    list.push({ resolution, dense, offset, entries });
    offset += entries;
  }
  return list;
}
