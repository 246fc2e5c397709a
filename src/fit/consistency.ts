import type { Gpu } from '../gpu/device';
import { silhouetteOverlap } from '../image/metrics';
import { viewAt } from '../image/views';
import type { Camera } from '../render/camera';
import { Fit, fitSettings } from './fit';
import { KnownViews } from './known_views';

/** A few views of few pixels say little: a small field learns it in few steps. */
const settings = fitSettings({
  prompt: 'views',
  render: { samplesPerRay: 64, occupancyResolution: 32 },
  field: { levels: 6, log2TableSize: 14, maxResolution: 48, hidden: 16 },
});

/**
 * How far views agree on one object: a field is fitted to them, and seen from the same cameras. Where
 * one view shows what another rules out, the field cannot follow both.
 * @param views f32 [V, 4, size, size], premultiplied RGBA.
 * @returns the mean over the views of the silhouettes' intersection over union.
 */
export async function consistency(
  gpu: Gpu,
  views: Float32Array,
  cameras: readonly Camera[],
  steps = 250,
): Promise<number> {
  const count = cameras.length;
  const size = Math.sqrt(views.length / 4 / count);
  const fit = new Fit(gpu, KnownViews.ofViews(gpu, views, cameras), { ...settings, steps });
  while (!fit.finished) await fit.takeStep();
  const fitted = await fit.views(cameras, size);
  fit.dispose();
  const overlaps = cameras.map((_, i) =>
    silhouetteOverlap(viewAt(fitted, i, count), viewAt(views, i, count)),
  );
  return overlaps.reduce((sum, overlap) => sum + overlap, 0) / count;
}
