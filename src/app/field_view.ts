import { FieldGenerator } from '../generator/field';
import { Particles } from '../generator/particles';
import type { Gpu } from '../gpu/device';
import { orbitCamera } from '../render/camera';
import { Renderer } from '../render/renderer';
import { Shading } from '../render/shading';
import type { ShadingMode } from '../render/shading_mode';
import type { Settings } from '../settings';
import type { EngineRun } from '../train/engine';
import type { PictureSource, ViewportPicture } from '../viewer/viewport';

/** Steps across the object in a picture, relative to those in training: pictures have more pixels. */
const samples = 1.5;

/** What is shown of a run: of particles the first. */
export const shownOf = ({ generator }: EngineRun) =>
  generator instanceof Particles ? generator.first : generator;

/** The same where it is a field; undefined of free pictures. */
export function fieldOf(run: EngineRun): FieldGenerator | undefined {
  const shown = shownOf(run);
  return shown instanceof FieldGenerator ? shown : undefined;
}

/** Pictures of a field by our own renderer, shaded as `mode` says, through the occupancy grid that training keeps. */
export function fieldSource(
  gpu: Gpu,
  { field, occupancy }: FieldGenerator,
  { render, seed }: Settings,
  mode: ShadingMode,
): PictureSource {
  return ({ width, height }): ViewportPicture => {
    const samplesPerRay = Math.round(samples * render.samplesPerRay);
    const shape = { views: 1, width, height, samplesPerRay };
    const renderer = new Renderer(gpu, field, { ...shape, occupancy, gradient: false });
    const shading = mode === 'unlit' ? undefined : new Shading(gpu, renderer, { ...shape, mode });
    return {
      inWorld: true,
      views: (shading ?? renderer).views,
      begin: (orbit, fovy) => {
        const cameras = [orbitCamera({ ...orbit, fovy })];
        renderer.begin({ cameras, seed, step: 0, jitter: false });
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
