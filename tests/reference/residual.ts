import { pcg4d, streams } from '../../src/random';

/** Views [V, 4, height, width] of a step, and the RGBA8 views that they are compared with. */
export interface ResidualCase {
  readonly width: number;
  readonly height: number;
  readonly seed: number;
  readonly step: number;
  /** u8 [views, side, side, 4] */
  readonly knownViews: Uint8Array;
  readonly side: number;
  /** Known view of each view. */
  readonly known: readonly number[];
  /** Width of the robust error; 0 for squares. */
  readonly charbonnier: number;
}

/** For each ray the colour of the known view where it went through, and whether it fell near a cell's edge. */
export function knownColours({ width, height, seed, step, knownViews, side, known }: ResidualCase) {
  return known.flatMap((view, v) =>
    Array.from({ length: width * height }, (_, i) => {
      const drawn = pcg4d([seed, streams.march, step, v * width * height + i]);
      const x = (((i % width) + (drawn[1] >>> 8) / 2 ** 24) / width) * side;
      const y = ((Math.floor(i / width) + (drawn[2] >>> 8) / 2 ** 24) / height) * side;
      const cell = (view * side + Math.floor(y)) * side + Math.floor(x);
      const rgba = [...knownViews.subarray(4 * cell, 4 * cell + 4)].map((c) => c / 255);
      const close = [x, y].some((p) => Math.abs(p - Math.round(p)) < 1e-4);
      return { rgba, close };
    }),
  );
}

/** Mean error over rays and channels, and its derivative with respect to the views. */
export function residual(views: ArrayLike<number>, shape: ResidualCase) {
  const plane = shape.width * shape.height;
  const gradient = new Float64Array(views.length);
  let sum = 0;
  knownColours(shape).forEach(({ rgba }, ray) => {
    const red = Math.floor(ray / plane) * 4 * plane + (ray % plane);
    rgba.forEach((wanted, c) => {
      const difference = views[red + c * plane]! - wanted;
      const { charbonnier: width } = shape;
      const robust = Math.hypot(difference, width);
      sum += width > 0 ? robust - width : difference ** 2;
      const slope = width > 0 ? difference / robust : 2 * difference;
      gradient[red + c * plane] = slope / views.length;
    });
  });
  return { error: sum / views.length, gradient };
}
