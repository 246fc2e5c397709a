import type { Gpu } from '../gpu/device';
import { orbitCamera } from '../render/camera';
import { Renderer } from '../render/renderer';
import type { Run } from '../train/run';
import type { FieldPicture, FieldSource } from '../viewer/stage';

/** Steps across the object in a picture, relative to those in training: pictures have more pixels. */
const samples = 1.5;

/** Pictures of a run's field by our own renderer, through the occupancy grid that training keeps. */
export function fieldSource(gpu: Gpu, run: Run): FieldSource {
  return ({ width, height }): FieldPicture => {
    const { settings, field } = run;
    const renderer = new Renderer(gpu, field, {
      views: 1,
      width,
      height,
      samplesPerRay: Math.round(samples * settings.render.samplesPerRay),
      occupancy: run.renderer.occupancy,
      gradient: false,
    });
    return {
      views: renderer.views,
      begin: (orbit, fovy) => {
        const cameras = [orbitCamera({ ...orbit, fovy })];
        renderer.begin({ cameras, seed: settings.seed, step: run.step, jitter: false });
      },
      record: (pass) => renderer.forward(pass),
      dispose: () => renderer.dispose(),
    };
  };
}
