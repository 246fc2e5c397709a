import type { Guided } from '../prior/sampler';
import type { WatchedRow } from '../protocol/reports';
import { type PictureShape, pictures, unit } from './watch';

/** What an evaluation on the way to views was shown, and what it says. */
export function drawnRows(
  shape: PictureShape,
  timestep: number,
  z: Float32Array,
  { clean, told }: Guided,
): WatchedRow[] {
  const show = pictures(shape);
  const texts = [
    ['clean-prompt', 'y'],
    ['clean-negative', '∅'],
  ];
  return [
    show.picture('noised', 'z_τ', `the views noised to timestep ${timestep}`, z.map(unit)),
    ...told.map((estimate, i) => {
      const [id, text] = texts[i]!;
      const words = 'the picture that this leads to in one step';
      return show.picture(id!, `x̂_φ(z_τ; ${text})`, words, estimate.map(unit));
    }),
    show.picture('clean-guided', 'x̂', 'the picture that guidance leads to', clean.map(unit)),
  ];
}

/** The rays of a fitting step, and where they are moved. */
export function fittedRows(
  shape: PictureShape,
  views: Float32Array,
  gradient: Float32Array,
): WatchedRow[] {
  const show = pictures(shape);
  const moved = gradient.map((slope) => -slope);
  return [
    show.picture('views', 'x', 'some rays of the views that are fitted', views),
    show.signed('gradient', '−∂L/∂x', 'where they are moved', moved),
  ];
}
