import type { GeneratorDraw } from '../generator/generator';
import { drawFakeLevels, drawLevels, noiseStepOf } from '../guidance/noise_level';
import type { QueryDraw } from '../guidance/queries';
import type { Manifest } from '../prior/manifest';
import { NoiseSchedule } from '../prior/noise_schedule';
import { type Camera, orbitCamera, stepCameras } from '../render/camera';
import { raysPerPixel } from '../render/supersampling';
import { type Settings, type SettingsAt, settingsAt } from '../settings';

/** All that is drawn for a step. */
export interface Draw extends GeneratorDraw, QueryDraw {
  readonly now: SettingsAt<Settings>;
}

/** Where the prior's own views are seen from: one camera a view, the first at the front. */
export function frontCameras({ camera }: Pick<Manifest, 'camera'>): Camera[] {
  const elevation = (camera.elevation[0] + camera.elevation[1]) / 2;
  return camera.azimuth_offsets.map((azimuth) => orbitCamera({ ...camera, azimuth, elevation }));
}

/**
 * What each step of a run draws: cameras, noise levels, and the settings of the moment. A pure function of the
 * settings, the prior and the step: runs of one seed share it, whatever their methods.
 */
export class Plan {
  readonly #settings: Settings;
  readonly #manifest: Manifest;
  readonly #schedule: NoiseSchedule;

  constructor(settings: Settings, manifest: Manifest) {
    this.#settings = settings;
    this.#manifest = manifest;
    this.#schedule = new NoiseSchedule(manifest.alpha_bar);
  }

  at(step: number): Draw {
    const { seed, generator } = this.#settings;
    const { camera, resolution } = this.#manifest;
    const now = settingsAt(this.#settings, step);
    const noiseStep = noiseStepOf(now, step);
    return {
      step,
      seed,
      now,
      noiseStep,
      // Free pictures are of no object that could be seen from elsewhere.
      cameras:
        generator === 'pixels'
          ? frontCameras(this.#manifest)
          : stepCameras(camera, seed, noiseStep),
      levels: drawLevels(now, this.#schedule, step),
      fakeLevels: drawFakeLevels(now, this.#schedule, step),
      raysPerPixel: raysPerPixel(now.render, resolution),
    };
  }
}
