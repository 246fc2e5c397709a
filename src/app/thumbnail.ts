import { encodePng } from '../image/png';
import { viewsToImage } from '../image/strip';
import type { EngineRun } from '../train/engine';

/** Side in pixels of the picture of a field. */
const side = 128;

/** A small PNG of what a run has made, on nothing. */
export async function runThumbnail({ generator }: EngineRun): Promise<Uint8Array> {
  const { views, size } = await generator.picture({ count: 1, size: side });
  const first = views.subarray(0, 4 * size * size);
  return new Uint8Array(await encodePng(viewsToImage(first, { count: 1, size, background: null })));
}
