import * as v from 'valibot';
import { choice, group, integer, number, schedule } from '../schema';

/** Size and start of a field, and how much of it takes part. */
export const fieldSettings = v.pipe(
  group('Field', {
    levels: integer({
      default: 8,
      min: 1,
      max: 16,
      label: 'Levels',
      help: 'levels of the hash grid',
    }),
    log2TableSize: integer({
      default: 16,
      min: 8,
      max: 22,
      label: 'Table size, log2',
      help: 'a level has at most two to the power of this many entries, of two features each',
    }),
    minResolution: integer({
      default: 8,
      min: 2,
      max: 512,
      label: 'Coarsest resolution',
      help: 'cells along an edge of the coarsest level',
    }),
    maxResolution: integer({
      default: 96,
      min: 2,
      max: 4096,
      label: 'Finest resolution',
      help: 'cells along an edge of the finest level',
    }),
    hidden: choice({
      default: 32,
      choices: [16, 32, 64],
      label: 'Hidden units',
      help: 'units of the hidden layer of the perceptron',
    }),
    blobScale: number({
      default: 4,
      min: 0,
      max: 100,
      label: 'Blob height',
      help: 'height of the density blob that the field starts as: added to the raw density at the origin',
    }),
    blobStd: number({
      default: 0.5,
      min: 0.05,
      max: 2,
      label: 'Blob radius',
      help: 'radius at which the blob is zero; it falls linearly, as in Magic3D',
    }),
    activeLevels: schedule({
      default: [0, 0.5, 1, 0.5],
      min: 0,
      max: 1,
      label: 'Active levels',
      help: 'share of the levels that take part, coarse to fine',
    }),
  }),
  v.forward(
    v.partialCheck(
      [['minResolution'], ['maxResolution']],
      ({ minResolution, maxResolution }) => maxResolution >= minResolution,
      'must be at least that of the coarsest level, minResolution',
    ),
    ['maxResolution'],
  ),
);

export type FieldSettings = v.InferOutput<typeof fieldSettings>;
