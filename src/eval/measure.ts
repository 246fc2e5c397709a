import type { FieldGenerator } from '../generator/field';
import { PixelGenerator } from '../generator/pixels';
import { viewAt } from '../image/views';
import type { Manifest } from '../prior/manifest';
import { orbitCamera } from '../render/camera';
import type { Retrieval } from '../retrieval/network';
import { logShareOfFirst, poolOf, rankOfFirst } from '../retrieval/pool';
import type { SquareViews } from '../retrieval/views';
import { colourNoise, obeysColour, saturatedShare } from './colours';
import { edgeWidth, halfTransparentShare } from './edges';
import { frontBack } from './front_back';
import { relativeVariance } from './spread';

/** Views of an object when it is measured, and their side in pixels. */
const ring = { count: 8, size: 128 };

/** Elevation between the prior's lowest and highest from which it is seen: one that no sample is drawn at. */
const elevationShare = 0.75;

/** A field from all around; pictures as they are, as a sample of the prior. */
export async function seenOf(
  generator: FieldGenerator | PixelGenerator,
  manifest: Manifest,
): Promise<SquareViews> {
  if (generator instanceof PixelGenerator) return generator.picture();
  const views = await generator.still({ cameras: ringAround(manifest), size: ring.size });
  return { views, ...ring };
}

/** A run whose gradient can be looked at under other noise, which changes nothing of it. */
export interface Differentiated {
  gradientUnder(noise: number): Promise<Float32Array | undefined>;
}

/** Relative variance of the gradient at the present θ; undefined where the method has none. */
export async function gradientVariance(
  run: Differentiated,
  draws: number,
): Promise<number | undefined> {
  const gradients: Float32Array[] = [];
  for (let draw = 0; draw < draws; draw++) {
    const gradient = await run.gradientUnder(draw);
    if (gradient) gradients.push(gradient);
  }
  return gradients.length < 2 ? undefined : relativeVariance(gradients);
}

/** Cameras all around, the first in front. */
function ringAround({ camera }: Pick<Manifest, 'camera'>) {
  const [low, high] = camera.elevation;
  const elevation = low + elevationShare * (high - low);
  return Array.from({ length: ring.count }, (_, i) =>
    orbitCamera({ ...camera, azimuth: (360 * i) / ring.count, elevation }),
  );
}

/** What views of an object, the first from the front, evenly all around, say of it: whether it shows its caption. */
export async function measured(
  scorer: Retrieval,
  { prompt, caption = prompt }: { readonly prompt: string; readonly caption?: string | undefined },
  seen: SquareViews,
) {
  const { views, count, size } = seen;
  const pool = poolOf(caption, scorer.captions, scorer.manifest.accuracy.captions);
  const { scores, embedding } = await scorer.judge(seen, pool);
  const back = Math.floor(count / 2);
  const { overlap, likeness } = frontBack(
    viewAt(views, 0, count),
    viewAt(views, back, count),
    size,
  );
  return {
    rank: rankOfFirst(scores),
    captions: pool.length,
    logShare: logShareOfFirst(scores),
    colour: obeysColour(prompt, seen) ?? null,
    frontBack: { overlap: known(overlap), likeness: known(likeness) },
    edgeWidth: known(edgeWidth(seen)),
    halfTransparent: known(halfTransparentShare(seen)),
    colourNoise: known(colourNoise(seen)),
    saturated: known(saturatedShare(seen)),
    embedding: [...embedding],
  };
}

/** JSON has no number that is none. */
const known = (value: number): number | null => (Number.isFinite(value) ? value : null);
