import type { GeneratorDraw } from '../generator/generator';
import { drawFakeLevels, drawLevels, noiseStepOf } from '../guidance/noise_level';
import type { QueryDraw } from '../guidance/queries';
import type { Manifest } from '../prior/manifest';
import { NoiseSchedule } from '../prior/noise_schedule';
import { scaleAt } from '../prior/sampler';
import { type Camera, orbitCamera, stepCameras } from '../render/camera';
import { raysPerPixel } from '../render/supersampling';
import { type Settings, type SettingsAt, settingsAt } from '../settings';

/** All that is drawn for a step. */
export interface Draw extends GeneratorDraw, QueryDraw {
  readonly now: SettingsAt<Settings>;
}

/** Where a camera stands, in degrees. */
export function placeOf({ c2w }: Camera): { readonly azimuth: number; readonly elevation: number } {
  const [x, y, z] = [c2w[3]!, c2w[7]!, c2w[11]!];
  const degrees = (radians: number) => (radians * 180) / Math.PI;
  return {
    azimuth: degrees(Math.atan2(x, z)),
    elevation: degrees(Math.atan2(y, Math.hypot(x, z))),
  };
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
    const levels = drawLevels(settingsAt(this.#settings, step), this.#schedule, step);
    const now = this.#guidedAt(levels.cfg.timestep, step);
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
      levels,
      fakeLevels: drawFakeLevels(now, this.#schedule, step),
      raysPerPixel: raysPerPixel(now.render, resolution),
    };
  }

  /** The settings of a step, without guidance where the prior is to have none. */
  #guidedAt(timestep: number, step: number): SettingsAt<Settings> {
    const now = settingsAt(this.#settings, step);
    const { interval } = this.#manifest.guidance;
    if (!now.guidance.limited) return now;
    const scale = scaleAt(timestep, now.guidance.scale, interval);
    return { ...now, guidance: { ...now.guidance, scale } };
  }
}
