import type * as v from 'valibot';
import { complete, group, integer, schedule } from '../schema';

/** How the field is looked at. */
export const renderSettings = group('Renderer', {
  samplesPerRay: integer({
    default: 64,
    min: 8,
    max: 1024,
    label: 'Samples per ray',
    help: "steps across the unit ball's diameter",
  }),
  size: schedule({
    default: 0,
    min: 0,
    max: 1024,
    label: 'Size of views',
    help:
      "side in pixels that a prior's views are rendered at, to be averaged down to what its denoiser sees; " +
      'it doubles from there, to at most this; 0: what the denoiser sees',
  }),
  raysPerPixel: integer({
    default: 1,
    min: 1,
    max: 16,
    label: 'Rays per pixel',
    help: 'rays that each pixel of a view is the mean of',
  }),
  occupancyResolution: integer({
    default: 32,
    min: 8,
    max: 128,
    label: 'Occupancy resolution',
    help: 'cells along a side of the grid that says where rays may skip',
  }),
  occupancyEvery: schedule({
    default: 8,
    min: 1,
    max: 1000,
    label: 'Occupancy every',
    help: 'steps of the field between two updates of that grid',
  }),
});

export type RenderSettings = v.InferOutput<typeof renderSettings>;

export const renderDefaults: RenderSettings = complete(renderSettings, {});

/** Weights of the losses that the renderer adds to the objective; all are means over pixels. */
export const lossSettings = group('Losses', {
  sparsity: schedule({
    default: 0,
    min: 0,
    label: 'λ sparsity',
    help: 'weight of sqrt(o² + 0.01), o the opacity of a pixel: pulls towards emptiness',
  }),
  // Last, mist and soft edges become either object or nothing.
  opaque: schedule({
    default: [0.6, 0, 0.1, 0.9],
    min: 0,
    label: 'λ opaque',
    help: 'weight of the binary entropy of the opacity: pulls towards 0 or 1',
  }),
  nearness: schedule({
    default: 0,
    min: 0,
    label: 'λ nearness',
    help:
      "weight of a ray's distances to what it shows, from the pixel's mean distance, which counts as fixed: " +
      'pulls what is seen towards the camera',
  }),
});

export type LossSettings = v.InferOutput<typeof lossSettings>;
