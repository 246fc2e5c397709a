import { LimbeckError } from '../../errors';
import type { FieldValues } from './field_sampler';
import { fieldMaxDensity, gridMaxDensity, type ViewPixels } from './max_density';

/** Views of the field to take the outline from. */
export interface Silhouettes extends ViewPixels {
  /** f32 [V, 4, H, W], premultiplied RGBA, row 0 at the top: only alpha is read. */
  readonly views: Float32Array;
}

/**
 * How the density at the surface is chosen:
 * - a number: that density, per unit length;
 * - `opacity` and `length`: the density that is as opaque as `opacity` over `length`;
 * - `silhouettes`: the density whose surface has the outline of the given views.
 */
export type IsoRule =
  | number
  | { readonly opacity: number; readonly length: number }
  | { readonly silhouettes: Silhouettes };

/** Half opaque over a twentieth of the object's diameter. */
export const defaultIso: IsoRule = { opacity: 0.5, length: 0.1 };

/** Thrown when a field has no surface: nothing of it exceeds the level. */
export class EmptyFieldError extends LimbeckError {
  override readonly name = 'EmptyFieldError';
}

/** The density σ with 1 - exp(-σ length) = opacity. */
export function opacityLevel(opacity: number, length: number): number {
  if (!(opacity > 0 && opacity < 1 && length > 0)) {
    throw new RangeError(
      `An iso-level needs an opacity in (0, 1) and a positive length, not ${opacity} over ${length}.`,
    );
  }
  return -Math.log(1 - opacity) / length;
}

/**
 * The level whose outline overlaps the given alpha best: the greatest intersection over union, with
 * alpha as soft membership, over all levels that differ in outline.
 *
 * @param maxDensity of the ray of each pixel.
 * @param alpha opacity of the same pixels.
 * @returns a density between those of the pixels just inside and just outside;
 *   Infinity when alpha is 0 everywhere.
 */
export function silhouetteLevel(maxDensity: Float32Array, alpha: Float32Array): number {
  const order = Uint32Array.from(maxDensity.keys()).sort((a, b) => maxDensity[b]! - maxDensity[a]!);
  const total = alpha.reduce((sum, a) => sum + a, 0);
  let best = 0;
  let level = Number.POSITIVE_INFINITY;
  let inside = 0;
  order.forEach((pixel, rank) => {
    inside += alpha[pixel]!;
    const here = maxDensity[pixel]!;
    const beyond = rank + 1 < order.length ? maxDensity[order[rank + 1]!]! : 0;
    // rank + 1 pixels are inside; outside of them lies total - inside.
    const overlap = inside / (rank + 1 + total - inside);
    if (here > beyond && overlap > best) {
      best = overlap;
      level = (here + beyond) / 2;
    }
  });
  return level;
}

/**
 * The iso-level of a field by a rule.
 * @param source the field.
 * @param density f32 [R, R, R]: its density on a grid.
 * @throws EmptyFieldError when nothing is denser.
 */
export async function isoLevel(
  rule: IsoRule,
  source: FieldValues,
  density: Float32Array,
  resolution: number,
): Promise<number> {
  const level = await levelOf(rule, source, density, resolution);
  const densest = density.reduce((most, sigma) => Math.max(most, sigma), 0);
  if (!(densest > level)) {
    throw new EmptyFieldError(
      `The field is empty: its density reaches ${densest.toPrecision(3)}, so iso-level ${level.toPrecision(3)} gives no surface.`,
      `Train for more steps, try another seed, or choose an iso-level below ${densest.toPrecision(3)}.`,
    );
  }
  return level;
}

async function levelOf(
  rule: IsoRule,
  source: FieldValues,
  density: Float32Array,
  resolution: number,
): Promise<number> {
  if (typeof rule === 'number') {
    if (rule > 0) return rule;
    throw new RangeError(`An iso-level is a positive density, not ${rule}.`);
  }
  if ('opacity' in rule) return opacityLevel(rule.opacity, rule.length);
  const { silhouettes } = rule;
  const alpha = alphaOf(silhouettes);
  const onGrid = gridMaxDensity(density, resolution, silhouettes);
  const rough = silhouetteLevel(onGrid, alpha);
  if (rough === Number.POSITIVE_INFINITY) return rough;
  const sharp = await fieldMaxDensity(source, density, resolution, silhouettes, onGrid, rough);
  return silhouetteLevel(sharp, alpha);
}

/** f32 [V, H, W] */
function alphaOf({ views, width, height, cameras }: Silhouettes): Float32Array {
  const plane = width * height;
  if (views.length !== cameras.length * 4 * plane) {
    throw new RangeError(
      `Silhouettes of ${cameras.length} views of ${width} x ${height} need ${cameras.length * 4 * plane} values, not ${views.length}.`,
    );
  }
  return views.filter((_, i) => Math.floor(i / plane) % 4 === 3);
}
