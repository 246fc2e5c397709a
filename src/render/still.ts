import type { Gpu } from '../gpu/device';
import { Readback } from '../gpu/readback';
import type { Camera } from './camera';
import type { RadianceField } from './radiance_field';
import { Renderer, type RendererOptions } from './renderer';

export interface StillOptions
  extends Pick<RendererOptions, 'samplesPerRay' | 'raysPerPixel' | 'occupancy'> {
  readonly cameras: readonly Camera[];
  /** Side of the views in pixels. */
  readonly size: number;
}

/**
 * Renders views of a field without jitter.
 * @returns f32 [V, 4, size, size], premultiplied RGBA, row 0 at the top.
 */
export async function renderStill(
  gpu: Gpu,
  field: RadianceField,
  { cameras, size, ...options }: StillOptions,
): Promise<Float32Array> {
  const shape = { views: cameras.length, width: size, height: size };
  const renderer = new Renderer(gpu, field, { ...options, ...shape, gradient: false });
  const readback = new Readback(gpu);
  renderer.begin({ cameras, seed: 0, step: 0, jitter: false });
  const encoder = gpu.device.createCommandEncoder({ label: 'render.still' });
  const pass = encoder.beginComputePass({ label: 'render.still' });
  renderer.forward(pass);
  pass.end();
  gpu.device.queue.submit([encoder.finish()]);
  const views = await readback.floats(renderer.views, cameras.length * 4 * size * size);
  readback.dispose();
  renderer.dispose();
  return views;
}
