import { type FieldSettings, fieldSettings } from '../field/settings';
import { complete } from '../schema';

/** A training step's size. */
export interface Size {
  readonly name: string;
  readonly views: number;
  /** Pixels along a view's edge. */
  readonly resolution: number;
  readonly samplesPerRay: number;
  readonly occupancyResolution: number;
  readonly field: FieldSettings;
}

/** Four views of 32 pixels are what the shipped prior looks at; the largest still binds 128 MiB buffers. */
export const sizes: readonly Size[] = [
  {
    name: 'small',
    views: 4,
    resolution: 32,
    samplesPerRay: 64,
    occupancyResolution: 32,
    field: complete(fieldSettings, {
      activeLevels: 1,
      levels: 8,
      log2TableSize: 16,
      maxResolution: 96,
      hidden: 32,
    }),
  },
  {
    name: 'medium',
    views: 4,
    resolution: 64,
    samplesPerRay: 64,
    occupancyResolution: 32,
    field: complete(fieldSettings, {
      activeLevels: 1,
      levels: 8,
      log2TableSize: 16,
      maxResolution: 96,
      hidden: 32,
    }),
  },
  {
    name: 'large',
    views: 4,
    resolution: 64,
    samplesPerRay: 96,
    occupancyResolution: 64,
    field: complete(fieldSettings, {
      activeLevels: 1,
      levels: 16,
      log2TableSize: 19,
      maxResolution: 256,
      hidden: 64,
    }),
  },
];
