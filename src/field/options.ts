/** Size and start of a field. */
export interface FieldOptions {
  /** Levels of the hash grid, 1 to 16. */
  readonly levels: number;
  /** A level has at most 2^log2TableSize entries of two features, 8 to 22. */
  readonly log2TableSize: number;
  /** Cells along an edge of the coarsest level. */
  readonly minResolution: number;
  /** Cells along an edge of the finest level. */
  readonly maxResolution: number;
  /** Units of the perceptron: 16, 32 or 64. */
  readonly hidden: number;
  /** Height of the density blob that the field starts as: added to the raw density at the origin. */
  readonly blobScale: number;
  /** Radius at which the blob is zero; it falls linearly (Magic3D). */
  readonly blobStd: number;
  readonly densityActivation: 'softplus' | 'exp';
  /** Trilinear weights, or their smoothstep. */
  readonly interpolation: 'linear' | 'smooth';
}

export const defaultFieldOptions: FieldOptions = {
  levels: 8,
  log2TableSize: 16,
  minResolution: 8,
  maxResolution: 96,
  hidden: 32,
  blobScale: 10,
  blobStd: 0.5,
  densityActivation: 'softplus',
  interpolation: 'linear',
};

/**
 * The defaults with `partial` over them.
 * @throws RangeError naming the option that the kernels cannot take.
 */
export function fieldOptions(partial: Partial<FieldOptions>): FieldOptions {
  const options = { ...defaultFieldOptions, ...partial };
  integer('levels', options.levels, 1, 16);
  integer('log2TableSize', options.log2TableSize, 8, 22);
  integer('minResolution', options.minResolution, 1, 4096);
  integer('maxResolution', options.maxResolution, options.minResolution, 4096);
  if (![16, 32, 64].includes(options.hidden)) {
    throw new RangeError(`A field's hidden must be 16, 32 or 64, not ${options.hidden}.`);
  }
  if (!(options.blobStd > 0)) {
    throw new RangeError(`A field's blobStd must be positive, not ${options.blobStd}.`);
  }
  return options;
}

function integer(name: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw new RangeError(
    `A field's ${name} must be an integer from ${low} to ${high}, not ${value}.`,
  );
}
