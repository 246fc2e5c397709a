import { FieldGenerator, type FieldGeneratorOptions } from '../../src/generator/field';
import type { Gpu } from '../../src/gpu/device';
import type { Manifest } from '../../src/prior/manifest';
import { ringCameras } from '../../src/render/camera';
import { mostRaysPerPixel } from '../../src/render/supersampling';
import type { Settings } from '../../src/settings';

/** As much of a prior's manifest as a step asks for, of four small views. */
export const manifestOf = (resolution: number, rest: Partial<Manifest> = {}) =>
  ({
    views: 4,
    channels: 4,
    resolution,
    timesteps: 1000,
    text: { unconditional: '' },
    guidance: { scale: 7.5 },
    prediction: 'v',
    alpha_bar: Array.from({ length: 1000 }, (_, i) => 0.9999 * Math.cos((i / 1000) * 1.55) ** 2),
    camera: {
      input: true,
      azimuth_offsets: [0, 90, 180, 270],
      elevation: [-10, 40],
      fovy: 40,
      distance: 3.07,
    },
    ...rest,
  }) as unknown as Manifest;

/** The generator of a run of such a prior. */
export function fieldGenerator(
  gpu: Gpu,
  settings: Settings,
  resolution: number,
  options: Pick<FieldGeneratorOptions, 'tilePoints'> = {},
): FieldGenerator {
  return new FieldGenerator(gpu, {
    settings,
    views: 4,
    width: resolution,
    height: resolution,
    raysPerPixel: mostRaysPerPixel(settings, resolution),
    viewSize: resolution,
    around: (count) => ringCameras(count, { elevation: 15, distance: 3.07, fovy: 40 }),
    silhouettes: { count: 2, size: 16 },
    ...options,
  });
}
