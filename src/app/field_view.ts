import type { Gpu } from '../gpu/device';
import { orbitCamera } from '../render/camera';
import { Renderer } from '../render/renderer';
import { Shading } from '../render/shading';
import type { ShadingMode } from '../render/shading_mode';
import type { Run } from '../train/run';
import type { FieldPicture, FieldSource } from '../viewer/viewport';

/** Steps across the object in a picture, relative to those in training: pictures have more pixels. */
const samples = 1.5;

/** Pictures of a run's field by our own renderer, shaded as `mode` says, through the occupancy grid that training keeps. */
export function fieldSource(gpu: Gpu, run: Run, mode: ShadingMode): FieldSource {
  return ({ width, height }): FieldPicture => {
    const { settings, field } = run;
    const shape = {
      views: 1,
      width,
      height,
      samplesPerRay: Math.round(samples * settings.render.samplesPerRay),
    };
    const renderer = new Renderer(gpu, field, {
      ...shape,
      occupancy: run.renderer.occupancy,
      gradient: false,
    });
    const shading = mode === 'unlit' ? undefined : new Shading(gpu, renderer, { ...shape, mode });
    return {
      views: (shading ?? renderer).views,
      begin: (orbit, fovy) => {
        const cameras = [orbitCamera({ ...orbit, fovy })];
        renderer.begin({ cameras, seed: settings.seed, step: run.step, jitter: false });
        shading?.begin(cameras);
      },
      record: (work) => {
        renderer.forward(work);
        shading?.forward(work.pass);
      },
      dispose: () => {
        shading?.dispose();
        renderer.dispose();
      },
    };
  };
}
