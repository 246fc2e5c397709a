import type { Gpu } from '../gpu/device';
import { Readback } from '../gpu/readback';
import { Submission } from '../gpu/submission';
import type { Camera } from './camera';
import type { RadianceField } from './radiance_field';
import { Renderer, type RendererOptions } from './renderer';
import { Shading } from './shading';
import type { ShadingMode } from './shading_mode';

export interface StillOptions
  extends Pick<RendererOptions, 'samplesPerRay' | 'raysPerPixel' | 'occupancy'> {
  readonly cameras: readonly Camera[];
  /** Side of the views in pixels. */
  readonly size: number;
  /** What they show. Default unlit: the colour as it was trained. */
  readonly shading?: ShadingMode;
}

/**
 * Renders views of a field without jitter.
 * @returns f32 [V, 4, size, size], premultiplied RGBA, row 0 at the top.
 */
export async function renderStill(
  gpu: Gpu,
  field: RadianceField,
  { cameras, size, shading: mode = 'unlit', ...options }: StillOptions,
): Promise<Float32Array> {
  const shape = { views: cameras.length, width: size, height: size };
  const renderer = new Renderer(gpu, field, { ...options, ...shape, gradient: false });
  const shading = mode === 'unlit' ? undefined : new Shading(gpu, renderer, { ...shape, mode });
  const readback = new Readback(gpu);
  await gpu.pipelines.ready();
  shading?.begin(cameras);
  renderer.begin({ cameras, seed: 0, step: 0, jitter: false });
  const work = new Submission(gpu, 'render.still');
  renderer.forward(work);
  shading?.forward(work.pass);
  work.submit();
  const views = await readback.floats(
    (shading ?? renderer).views,
    cameras.length * 4 * size * size,
  );
  readback.dispose();
  shading?.dispose();
  renderer.dispose();
  return views;
}
