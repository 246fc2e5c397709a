import { LimbeckError } from '../errors';
import type { Gpu } from '../gpu/device';
import type { NoiseSchedule } from '../prior/noise_schedule';
import { InvertedNoise } from './inversion';
import type { GuidanceShape } from './noise';
import { type FrozenScore, type NoiseSource, questionsOf, type Texts } from './queries';
import type { GuidanceSettings } from './settings';
import { SurfaceNoise } from './surface_noise';

/** What there is to take noise from. */
export interface SourceParts {
  readonly guidance: GuidanceSettings;
  /** f32 [V, C, H, W] in [0, 1]: what the models see of the views. */
  readonly input: GPUBuffer;
  /** f32 [V, H, W]: distance of what each pixel shows; absent where the views are of no object. */
  readonly depth: GPUBuffer | undefined;
  /** The frozen denoiser for two questions; absent where nothing is inverted. */
  readonly pair: FrozenScore | undefined;
  readonly schedule: NoiseSchedule;
  readonly texts: Texts;
}

/**
 * Where settings take the noise of a step from; undefined where it is drawn.
 * @throws LimbeckError when it is to lie on a surface and there is none.
 */
export function noiseSourceOf(
  gpu: Gpu,
  shape: GuidanceShape,
  { guidance, depth, pair, ...parts }: SourceParts,
): NoiseSource | undefined {
  switch (guidance.noise) {
    case 'drawn':
      return undefined;
    case 'inverted': {
      if (!pair) throw new Error('These settings invert, and there is no denoiser for it.');
      const unconditional = questionsOf(guidance).cfgUnconditional.text;
      return new InvertedNoise(gpu, shape, { ...parts, denoiser: pair, unconditional });
    }
    case 'surface': {
      if (depth) return new SurfaceNoise(gpu, shape, depth);
      throw new LimbeckError(
        'Noise cannot lie on the surface of pictures: they have none.',
        'Take --generator field, or --guidance.noise drawn.',
      );
    }
  }
}
