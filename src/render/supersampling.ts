import { most, type SettingsAt } from '../schema';
import type { RenderSettings } from './settings';

/** How often `side` doubles within `size`, as a factor: a power of two, at least 1. */
export const doublings = (size: number, side: number): number =>
  2 ** Math.max(0, Math.floor(Math.log2(Math.max(size, side) / side)));

/**
 * Rays that a pixel of what the denoiser sees is the mean of: those of all pixels that it covers of views
 * rendered at `size`.
 * @param resolution side in pixels of what the denoiser sees.
 */
export const raysPerPixel = (
  { raysPerPixel: each, size }: Pick<SettingsAt<RenderSettings>, 'raysPerPixel' | 'size'>,
  resolution: number,
): number => each * doublings(size, resolution) ** 2;

/** The most that `raysPerPixel` comes to in a run; all others divide it. */
export const mostRaysPerPixel = (
  { render }: { readonly render: RenderSettings },
  resolution: number,
): number => render.raysPerPixel * doublings(most(render.size), resolution) ** 2;
