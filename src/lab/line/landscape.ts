/** A divergence over all single Gaussians of a window: mean across, logarithm of the deviation up. */
import { type Divergence, logDensities, objective, quadrature } from './divergence';
import type { Mixture } from './mixture';

/** What a landscape shows. */
export interface Window {
  readonly means: readonly [low: number, high: number];
  readonly deviations: readonly [low: number, high: number];
}

export interface Landscape {
  readonly columns: number;
  readonly rows: number;
  /** Row by row from the narrowest deviation up. */
  readonly values: Float64Array;
}

/** The mean of a column's centre. */
export const meanAt = ({ means: [low, high] }: Window, share: number) => low + share * (high - low);

/** The deviation at a share of the height. */
export const deviationAt = ({ deviations: [low, high] }: Window, share: number) =>
  low * (high / low) ** share;

export function landscape(
  divergence: Divergence,
  p: Mixture,
  window: Window,
  columns: number,
  rows: number,
): Landscape {
  const values = new Float64Array(columns * rows);
  for (let row = 0; row < rows; row++) {
    const deviation = deviationAt(window, (row + 0.5) / rows);
    const edges = window.means.map((mean) => [{ mean, deviation, weight: 1 }]);
    // Colours need fewer digits than numbers do.
    const grid = quadrature([p, ...edges], 3);
    const logP = logDensities(p, grid);
    for (let column = 0; column < columns; column++) {
      const mean = meanAt(window, (column + 0.5) / columns);
      const q = [{ mean, deviation, weight: 1 }];
      values[row * columns + column] = objective(
        divergence,
        logP,
        logDensities(q, grid),
        grid.step,
      );
    }
  }
  return { columns, rows, values };
}
